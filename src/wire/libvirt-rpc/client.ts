import type { Limits } from '../../async/deadline.js'
import { Queue } from '../../async/queue.js'
import { errorDomains, type VirtError } from '../../errors.js'
import { publish } from '../../os/diagnostics.js'
import type { ByteStream } from '../../os/socket.js'
import { Exchange } from '../exchange.js'
import { decode, encode, type XdrType } from '../xdr.js'
import { connectionClosed, type EventMessage, type EventName, type EventSubject, events } from './events.js'
import { KeepAlive, type KeepAliveOptions } from './keep-alive.js'
import {
  encodeMessage,
  keepAlive,
  type MessageHeader,
  messageReader,
  messageStatus,
  messageTypes,
  programs,
} from './message.js'
import { type ArgsOf, type Procedure, type ProcedureName, procedures, type ResultOf } from './procedures.js'
import { readRemoteError } from './remote-error.js'
import { type Listener, type Subscription, Subscriptions } from './subscriptions.js'

/** How a {@link RpcClient} calls. */
export interface RpcClientOptions {
  /** Milliseconds for each call that says nothing else; two minutes unless told. */
  readonly timeout?: number | undefined
}

interface Call {
  readonly name: ProcedureName
  readonly args: unknown
  /** Gets the result as soon as it is there, before any message that came after it. */
  accept(result: unknown): void
}

const nothing = Buffer.alloc(0)

const eventNames = new Map(Object.entries(events).map(([name, { number }]) => [number, name as EventName]))

/**
 * A client of libvirt's remote protocol on one connection. It sends five calls at a time, the others wait their turn; a
 * call that is given up keeps its place until libvirtd has answered it. What breaks the protocol ends the connection;
 * its end rejects every call and ends every subscription. Published on `hostdev:rpc`.
 */
export class RpcClient {
  /** Settles when the connection has ended: with the reason, or `undefined` when {@link close} ended it. */
  readonly closed: Promise<VirtError | undefined>
  /** Who is at the other end. */
  readonly peer: string
  /** Whether a password may be told to it ({@link ByteStream.confidential}). */
  readonly confidential: boolean
  readonly #exchange: Exchange<Call, unknown>
  readonly #subscriptions: Subscriptions
  readonly #timeout: number
  #keepAlive: KeepAlive | undefined

  constructor(stream: ByteStream, { timeout = 120_000 }: RpcClientOptions = {}) {
    const messages = messageReader((header, body) => this.#receive(header, body))
    this.peer = stream.peer
    this.confidential = stream.confidential ?? false
    this.#timeout = timeout
    this.#subscriptions = new Subscriptions({
      register: (event, about, accept) => {
        const { register, eventId } = events[event]
        const args = { eventId, about } as ArgsOf<typeof register>
        return this.#call(register, args, {}, ({ callbackId }) => accept(callbackId))
      },
      deregister: (event, callbackId) => this.call(events[event].deregister, { callbackId }),
    })
    this.#exchange = new Exchange(stream, {
      daemon: 'libvirtd',
      errorDomain: errorDomains.rpc,
      // As many as a libvirtd works on for one client (libvirtd.conf, max_client_requests).
      maxInFlight: 5,
      timeout,
      encode: (call, serial) => this.#encode(call, serial),
      describe: ({ name }) => name,
      receive: (chunk) => messages.push(chunk),
      ended: (reason) => {
        this.#keepAlive?.stop()
        this.#subscriptions.end(reason)
      },
    })
    this.closed = this.#exchange.closed
  }

  /** Calls a procedure. Rejects with what libvirtd answers, `timeout`, or `no-connection` when the connection ends. */
  async call<P extends ProcedureName>(name: P, args: ArgsOf<P>, limits: Limits = {}): Promise<ResultOf<P>> {
    return await this.#call(name, args, limits, () => {})
  }

  /** Has a listener hear events, of all objects or of one, in the order in which they come. */
  listen<E extends EventName>(
    event: E,
    about: EventSubject<E>,
    listener: Listener<EventMessage<E>>,
    { signal, timeout = this.#timeout }: Limits = {},
  ): Subscription {
    const expired = (limit: number) => this.#exchange.late(events[event].register, limit)
    const subject = about as EventSubject<EventName>
    const heard = listener as Listener<EventMessage<EventName>>
    return this.#subscriptions.listen(event, subject, heard, { signal, timeout }, expired)
  }

  /** As {@link listen}, for reading; the subscription stands when this answers, and ends with the reading. */
  async subscribe<E extends EventName>(
    event: E,
    about: EventSubject<E>,
    limits: Limits = {},
  ): Promise<Queue<EventMessage<E>>> {
    const queue: Queue<EventMessage<E>> = new Queue({ close: () => subscription.stop() })
    const listener = {
      heard: (message: EventMessage<E>) => queue.push(message),
      ended: (reason: unknown) => queue.fail(reason),
    }
    const subscription = this.listen(event, about, listener, limits)
    await subscription.ready
    return queue
  }

  /** Watches for a peer that no longer answers; only for one that says that it knows pings. */
  startKeepAlive(options: KeepAliveOptions): void {
    const silence = options.interval * (options.count + 1)
    const dead = () => this.#exchange.end(this.#exchange.lost(`libvirtd has said nothing for ${silence} ms`))
    this.#keepAlive?.stop()
    this.#keepAlive = new KeepAlive(options, () => this.#sendKeepAlive(keepAlive.ping), dead)
  }

  /** Ends the connection; what is under way rejects. */
  close(): void {
    this.#exchange.close()
  }

  async #call<P extends ProcedureName>(
    name: P,
    args: ArgsOf<P>,
    limits: Limits,
    accept: (result: ResultOf<P>) => void,
  ): Promise<ResultOf<P>> {
    const call: Call = { name, args, accept: (result) => accept(result as ResultOf<P>) }
    return (await this.#exchange.request(call, limits)) as ResultOf<P>
  }

  #encode({ name, args }: Call, serial: number): Buffer {
    const { number: procedure, args: type }: Procedure<unknown, unknown> = procedures[name]
    const header = { program: programs.remote, procedure, type: messageTypes.call, serial, status: messageStatus.ok }
    const bytes = encodeMessage(header, encode(type, args))
    this.#show('sent', 'call', name, serial, args)
    return bytes
  }

  #sendKeepAlive(procedure: number): void {
    const header = { program: programs.keepAlive, procedure, type: messageTypes.event, serial: 0 }
    this.#exchange.send(encodeMessage({ ...header, status: messageStatus.ok }, nothing))
  }

  #receive(header: MessageHeader, body: Buffer): void {
    const { program, procedure, type } = header
    this.#keepAlive?.heard()
    if (program === programs.keepAlive) {
      if (procedure === keepAlive.ping) this.#sendKeepAlive(keepAlive.pong)
    } else if (program !== programs.remote) throw this.#exchange.malformed(`program ${program} is none of libvirt's`)
    else if (type === messageTypes.reply) this.#receiveReply(header, body)
    else if (type === messageTypes.event) this.#receiveEvent(procedure, body)
    // No procedure used here has a stream; this tells libvirtd to stop one.
    else if (type === messageTypes.stream)
      this.#exchange.send(encodeMessage({ ...header, status: messageStatus.error }, nothing))
    else throw this.#exchange.malformed(`a message of type ${type}`)
  }

  #receiveReply({ serial, procedure, status }: MessageHeader, body: Buffer): void {
    const call = this.#exchange.answered(serial)
    if (call === undefined || procedures[call.request.name].number !== procedure) {
      const broken = this.#exchange.malformed(`a reply to procedure ${procedure}, call ${serial}, which was not made`)
      call?.reject(broken)
      throw broken
    }
    const { name, accept } = call.request
    try {
      if (status === messageStatus.error) throw readRemoteError(body, name)
      const result = decode<unknown>(procedures[name].result, body)
      this.#show('received', 'reply', name, serial, result)
      accept(result)
      call.resolve(result)
    } catch (error) {
      this.#show('received', 'error', name, serial, error)
      call.reject(error)
    }
  }

  #receiveEvent(procedure: number, body: Buffer): void {
    const name = eventNames.get(procedure)
    if (procedure === connectionClosed.number)
      this.#exchange.end(this.#exchange.lost('the hypervisor behind libvirtd has gone away'))
    else if (name !== undefined) {
      const type: XdrType<EventMessage<EventName>> = events[name].message
      const message = decode(type, body)
      this.#show('received', 'event', name, 0, message)
      this.#subscriptions.deliver(name, message)
    }
  }

  #show(direction: 'sent' | 'received', type: string, procedure: string, serial: number, body: unknown): void {
    // What a login says is for nobody else.
    const shown = procedure.startsWith('authSasl') ? undefined : body
    publish('hostdev:rpc', () => ({ direction, peer: this.peer, type, procedure, serial, body: shown }))
  }
}
