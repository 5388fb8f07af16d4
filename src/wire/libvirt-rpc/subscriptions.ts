import { deadline, type Limits } from '../../async/deadline.js'
import { Mutex } from '../../async/mutex.js'
import type { EventMessage, EventName, EventSubject } from './events.js'

type Message = EventMessage<EventName>
type Subject = EventSubject<EventName>

/** Who hears events, at the moment they come. */
export interface Listener<M> {
  heard(message: M): void
  /** The connection has ended. */
  ended(reason: unknown): void
}

/** A listener's subscription. */
export interface Subscription {
  /** Settles when libvirtd has registered it; whoever gives up is unsubscribed. */
  readonly ready: Promise<void>
  /** Ends it, also before it is ready. */
  stop(): Promise<void>
}

/** Asks libvirtd for events, or to stop them. */
export interface Registrar {
  /** `accept` gets the number of the registration with the reply, before any event that follows it. */
  register(event: EventName, about: Subject, accept: (callbackId: number) => void): Promise<unknown>
  deregister(event: EventName, callbackId: number): Promise<unknown>
}

/** What libvirtd was asked for once, and all who hear it. */
interface Registration {
  readonly listeners: Set<Listener<Message>>
  /** Registering and deregistering take turns. */
  readonly turn: Mutex
  callbackId: number | undefined
}

/**
 * The event subscriptions of one connection. libvirtd refuses to register a kind of event about the same object twice
 * on one connection ("event callback already tracked"), so listeners to the same share one registration.
 */
export class Subscriptions {
  readonly #registrations = new Map<string, Registration>()
  /** By kind and number, as event messages name them. */
  readonly #active = new Map<string, Registration>()
  readonly #registrar: Registrar
  #ended = false

  constructor(registrar: Registrar) {
    this.#registrar = registrar
  }

  /** Subscribes a listener within limits; `expired` makes the error of a time limit. */
  listen(
    event: EventName,
    about: Subject,
    listener: Listener<Message>,
    limits: Limits,
    expired: (timeout: number) => unknown,
  ): Subscription {
    const key = JSON.stringify([event, about])
    const registration = this.#registrations.get(key) ?? {
      listeners: new Set(),
      turn: new Mutex(),
      callbackId: undefined,
    }
    this.#registrations.set(key, registration)
    const { listeners, turn } = registration
    listeners.add(listener)

    const stop = async () => {
      listeners.delete(listener)
      await turn.run(() => this.#deregister(key, event, registration))
    }
    const start = async () => {
      try {
        // Whoever gives up leaves the registering to its end: then nobody hears it and it is taken back.
        await deadline(limits, expired, () => turn.run(() => this.#register(event, about, registration)))
      } catch (error) {
        void Promise.allSettled([stop()])
        throw error
      }
    }
    return { ready: start(), stop }
  }

  /** Hands an event to those who hear it. */
  deliver(event: EventName, message: Message): void {
    for (const listener of this.#active.get(`${event} ${message.callbackId}`)?.listeners ?? []) listener.heard(message)
  }

  /** The connection has ended. */
  end(reason: unknown): void {
    this.#ended = true
    for (const { listeners } of this.#registrations.values()) for (const listener of listeners) listener.ended(reason)
  }

  async #register(event: EventName, about: Subject, registration: Registration): Promise<void> {
    if (registration.callbackId !== undefined) return
    await this.#registrar.register(event, about, (callbackId) => {
      registration.callbackId = callbackId
      this.#active.set(`${event} ${callbackId}`, registration)
    })
  }

  async #deregister(key: string, event: EventName, registration: Registration): Promise<void> {
    const { listeners, callbackId } = registration
    if (listeners.size > 0 || this.#ended) return
    if (callbackId !== undefined) {
      registration.callbackId = undefined
      this.#active.delete(`${event} ${callbackId}`)
      await this.#registrar.deregister(event, callbackId)
    }
    if (listeners.size === 0) this.#registrations.delete(key)
  }
}
