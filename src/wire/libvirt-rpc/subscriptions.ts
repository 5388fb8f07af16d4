import { deadline, type Limits } from '../../async/deadline.js'
import { Mutex } from '../../async/mutex.js'
import { Queue } from '../../async/queue.js'
import type { EventMessage, EventName, EventSubject } from './events.js'

type Message = EventMessage<EventName>
type Subject = EventSubject<EventName>

/** Asks libvirtd for events, or to stop them. */
export interface Registrar {
  /** `accept` gets the number of the subscription with the reply, before any event that follows it. */
  register(event: EventName, about: Subject, accept: (callbackId: number) => void): Promise<unknown>
  deregister(event: EventName, callbackId: number): Promise<unknown>
}

/** What libvirtd was asked for once, and all who read it. */
interface Registration {
  readonly queues: Set<Queue<Message>>
  /** Registering and deregistering take turns. */
  readonly turn: Mutex
  callbackId: number | undefined
}

/**
 * The event subscriptions of one connection. libvirtd refuses to register a kind of event about the same object twice on
 * one connection ("event callback already tracked"), so readers of the same share one registration.
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

  /** Subscribes; events count from the moment libvirtd has registered them, and none is lost before the first read. */
  async subscribe(
    event: EventName,
    about: Subject,
    limits: Limits,
    expired: (timeout: number) => unknown,
  ): Promise<Queue<Message>> {
    const key = JSON.stringify([event, about])
    const registration = this.#registrations.get(key) ?? { queues: new Set(), turn: new Mutex(), callbackId: undefined }
    this.#registrations.set(key, registration)
    const { queues, turn } = registration

    const queue = new Queue<Message>({
      close: async () => {
        queues.delete(queue)
        await turn.run(() => this.#deregister(key, event, registration))
      },
    })
    queues.add(queue)
    // Whoever gives up leaves the registering to its end: then nobody reads it and it is taken back.
    const register = () => turn.run(() => this.#register(event, about, registration))
    try {
      await deadline(limits, expired, register)
    } catch (error) {
      queue.end()
      throw error
    }
    return queue
  }

  /** Hands an event to those who read it. */
  deliver(event: EventName, message: Message): void {
    for (const queue of this.#active.get(`${event} ${message.callbackId}`)?.queues ?? []) queue.push(message)
  }

  /** The connection has ended. */
  fail(reason: unknown): void {
    this.#ended = true
    for (const { queues } of this.#registrations.values()) for (const queue of queues) queue.fail(reason)
  }

  async #register(event: EventName, about: Subject, registration: Registration): Promise<void> {
    if (registration.callbackId !== undefined) return
    await this.#registrar.register(event, about, (callbackId) => {
      registration.callbackId = callbackId
      this.#active.set(`${event} ${callbackId}`, registration)
    })
  }

  async #deregister(key: string, event: EventName, registration: Registration): Promise<void> {
    const { queues, callbackId } = registration
    if (queues.size > 0 || this.#ended) return
    if (callbackId !== undefined) {
      registration.callbackId = undefined
      this.#active.delete(`${event} ${callbackId}`)
      await this.#registrar.deregister(event, callbackId)
    }
    if (queues.size === 0) this.#registrations.delete(key)
  }
}
