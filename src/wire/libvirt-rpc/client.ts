import { deadline, type Limits } from '../../async/deadline.js'
import type { Queue } from '../../async/queue.js'
import { errorDomains, VirtError } from '../../errors.js'
import { publish } from '../../os/diagnostics.js'
import type { ByteStream } from '../../os/socket.js'
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
  protocolError,
} from './message.js'
import { type ArgsOf, type Procedure, type ProcedureName, procedures, type ResultOf } from './procedures.js'
import { readRemoteError } from './remote-error.js'
import { Subscriptions } from './subscriptions.js'

/** How a {@link RpcClient} calls. */
export interface RpcClientOptions {
  /** Milliseconds for each call that says nothing else; two minutes unless told. */
  readonly timeout?: number | undefined
}

/** One call on its way. */
interface Call {
  readonly name: ProcedureName
  readonly args: unknown
  /** Gets the result as soon as it is there, before any message that came after it. */
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** How many calls of one client a libvirtd works on at a time (libvirtd.conf, max_client_requests). */
const maxInFlight = 5

const nothing = Buffer.alloc(0)

const eventNames = new Map(Object.entries(events).map(([name, { number }]) => [number, name as EventName]))

/**
 * A client of libvirt's remote protocol on one connection. It sends five calls at a time, the others wait their turn; a
 * call that is given up keeps its place until libvirtd has answered it. What breaks the protocol ends the connection;
 * its end rejects every call and ends every subscription.
 */
export class RpcClient {
  /** Settles when the connection has ended: with the reason, or `undefined` when {@link close} ended it. */
  readonly closed: Promise<VirtError | undefined>
  readonly #stream: ByteStream
  readonly #timeout: number
  readonly #waiting = new Set<Call>()
  readonly #sent = new Map<number, Call>()
  readonly #subscriptions: Subscriptions
  #serial = 0
  #keepAlive: KeepAlive | undefined
  #ended: VirtError | undefined
  #settleClosed: (reason: VirtError | undefined) => void = () => {}

  constructor(stream: ByteStream, { timeout = 120_000 }: RpcClientOptions = {}) {
    this.#stream = stream
    this.#timeout = timeout
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve
    })
    this.#subscriptions = new Subscriptions({
      register: async (event, about, accept) => {
        const { register, eventId } = events[event]
        await this.#call(register, { eventId, about } as ArgsOf<typeof register>, {}, (result) =>
          accept(result.callbackId),
        )
      },
      deregister: (event, callbackId) => this.call(events[event].deregister, { callbackId }),
    })
    const messages = messageReader((header, body) => this.#receive(header, body))
    const onData = (chunk: Buffer) => {
      try {
        messages.push(chunk)
      } catch (error) {
        this.#end(VirtError.is(error) ? error : protocolError(String(error)))
      }
    }
    stream.receive(onData, (error) =>
      this.#end(error ?? this.#lost(`${stream.peer}: libvirtd closed the connection; its log says why`)),
    )
  }

  /** Who is at the other end. */
  get peer(): string {
    return this.#stream.peer
  }

  /** Calls a procedure. Rejects with what libvirtd answers, `timeout`, or `no-connection` when the connection ends. */
  async call<P extends ProcedureName>(name: P, args: ArgsOf<P>, limits: Limits = {}): Promise<ResultOf<P>> {
    return await this.#call(name, args, limits, () => {})
  }

  /** Subscribes to events, of all objects or of one; the subscription stands when this answers. */
  async subscribe<E extends EventName>(
    event: E,
    about: EventSubject<E>,
    limits: Limits = {},
  ): Promise<Queue<EventMessage<E>>> {
    const expired = (limit: number) => this.#late(events[event].register, limit)
    const within = { signal: limits.signal, timeout: limits.timeout ?? this.#timeout }
    const subject = about as EventSubject<EventName>
    return (await this.#subscriptions.subscribe(event, subject, within, expired)) as Queue<EventMessage<E>>
  }

  /** Watches for a peer that no longer answers; only for one that says that it knows pings. */
  startKeepAlive(options: KeepAliveOptions): void {
    const { interval, count } = options
    const dead = () => this.#end(this.#lost(`${this.peer}: libvirtd has not answered for ${interval * (count + 1)} ms`))
    this.#keepAlive?.stop()
    this.#keepAlive = new KeepAlive(options, () => this.#sendKeepAlive(keepAlive.ping), dead)
  }

  /** Ends the connection; what is under way rejects. */
  close(): void {
    this.#end(this.#lost(`${this.peer}: the connection was closed here`), true)
  }

  async #call<P extends ProcedureName>(
    name: P,
    args: ArgsOf<P>,
    limits: Limits,
    accept: (result: ResultOf<P>) => void,
  ): Promise<ResultOf<P>> {
    const { signal, timeout = this.#timeout } = limits
    return await deadline(
      { signal, timeout },
      (limit) => this.#late(name, limit),
      async (ended) => {
        if (this.#ended) throw this.#ended
        return await new Promise<ResultOf<P>>((resolve, reject) => {
          const succeed = (result: unknown) => {
            accept(result as ResultOf<P>)
            resolve(result as ResultOf<P>)
          }
          const call: Call = { name, args, resolve: succeed, reject }
          ended.addEventListener('abort', () => this.#waiting.delete(call))
          this.#waiting.add(call)
          this.#sendWaiting()
        })
      },
    )
  }

  #sendWaiting(): void {
    for (const call of this.#waiting) {
      if (this.#sent.size === maxInFlight) return
      this.#waiting.delete(call)
      const { number: procedure, args }: Procedure<unknown, unknown> = procedures[call.name]
      try {
        const body = encode(args, call.args)
        const serial = (this.#serial + 1) >>> 0
        const header = {
          program: programs.remote,
          procedure,
          type: messageTypes.call,
          serial,
          status: messageStatus.ok,
        }
        this.#serial = serial
        this.#sent.set(serial, call)
        this.#stream.send(encodeMessage(header, body))
        this.#show('sent', 'call', call.name, serial, call.args)
      } catch (error) {
        call.reject(error)
      }
    }
  }

  #sendKeepAlive(procedure: number): void {
    const header = { program: programs.keepAlive, procedure, type: messageTypes.event, serial: 0 }
    this.#stream.send(encodeMessage({ ...header, status: messageStatus.ok }, nothing))
  }

  /** No procedure used here has a stream; this tells libvirtd to stop one. */
  #refuseStream(header: MessageHeader): void {
    this.#stream.send(encodeMessage({ ...header, status: messageStatus.error }, nothing))
  }

  #receive(header: MessageHeader, body: Buffer): void {
    if (this.#ended) return
    this.#keepAlive?.heard()
    if (header.program === programs.keepAlive) {
      if (header.procedure === keepAlive.ping) this.#sendKeepAlive(keepAlive.pong)
    } else if (header.program !== programs.remote) throw protocolError(`program ${header.program} is none of libvirt's`)
    else if (header.type === messageTypes.reply) this.#receiveReply(header, body)
    else if (header.type === messageTypes.event) this.#receiveEvent(header, body)
    else if (header.type === messageTypes.stream) this.#refuseStream(header)
    else throw protocolError(`a message of type ${header.type}`)
  }

  #receiveReply({ serial, procedure, status }: MessageHeader, body: Buffer): void {
    const call = this.#sent.get(serial)
    if (call === undefined || procedures[call.name].number !== procedure)
      throw protocolError(`a reply to procedure ${procedure}, call ${serial}, which was not made`)
    this.#sent.delete(serial)
    try {
      if (status === messageStatus.error) throw readRemoteError(body, call.name)
      const result = decode<unknown>(procedures[call.name].result, body)
      this.#show('received', 'reply', call.name, serial, result)
      call.resolve(result)
    } catch (error) {
      this.#show('received', 'error', call.name, serial, error)
      call.reject(error)
    }
    this.#sendWaiting()
  }

  #receiveEvent({ procedure }: MessageHeader, body: Buffer): void {
    const name = eventNames.get(procedure)
    if (procedure === connectionClosed.number)
      this.#end(this.#lost(`${this.peer}: the hypervisor behind libvirtd has gone away`))
    else if (name !== undefined) {
      const type: XdrType<EventMessage<EventName>> = events[name].message
      const message = decode(type, body)
      this.#show('received', 'event', name, 0, message)
      this.#subscriptions.deliver(name, message)
    }
  }

  #late(name: ProcedureName, limit: number): VirtError {
    const what = `${this.peer}: libvirtd did not answer ${name} within ${limit} ms; it may yet do it`
    return new VirtError('timeout', what, { errorDomain: errorDomains.rpc })
  }

  #lost(what: string): VirtError {
    return new VirtError('no-connection', what, { errorDomain: errorDomains.rpc })
  }

  #end(reason: VirtError, byUs = false): void {
    if (this.#ended) return
    this.#ended = reason
    this.#keepAlive?.stop()
    this.#stream.close()
    for (const call of [...this.#sent.values(), ...this.#waiting]) call.reject(reason)
    this.#sent.clear()
    this.#waiting.clear()
    this.#subscriptions.fail(reason)
    this.#settleClosed(byUs ? undefined : reason)
  }

  #show(direction: 'sent' | 'received', type: string, procedure: string, serial: number, body: unknown): void {
    publish('hostdev:rpc', () => ({ direction, peer: this.peer, type, procedure, serial, body }))
  }
}
