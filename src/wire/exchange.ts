import { deadline, type Limits } from '../async/deadline.js'
import { VirtError } from '../errors.js'
import type { ByteStream } from '../os/socket.js'

/** What an {@link Exchange} has to know of the protocol it carries. */
export interface Protocol<Request> {
  /** Who answers, for messages: `libvirtd`. */
  readonly daemon: string
  /** libvirt's error domain for its failures. */
  readonly errorDomain: number
  /** How many requests may be unanswered at a time. */
  readonly maxInFlight: number
  /** Milliseconds for a request that says nothing else. */
  readonly timeout: number
  /** The bytes of a request; what it throws rejects that request. */
  encode(request: Request, id: number): Uint8Array
  /** What a request is, for messages. */
  describe(request: Request): string
  /** Takes what came; what it throws ends the connection. */
  receive(chunk: Buffer): void
  /** The connection has ended. */
  ended(reason: VirtError): void
}

/** A request that waits for its reply. */
export interface Pending<Request, Reply> {
  readonly request: Request
  resolve(reply: Reply): void
  reject(error: unknown): void
}

/**
 * Requests and their replies on one connection, matched by number: what the protocol clients have in common.
 * A request that is given up keeps its number until it is answered. The end of the connection rejects them all.
 */
export class Exchange<Request, Reply> {
  /** Settles when the connection has ended: with the reason, or `undefined` when {@link close} ended it. */
  readonly closed: Promise<VirtError | undefined>
  readonly #stream: ByteStream
  readonly #protocol: Protocol<Request>
  readonly #waiting = new Set<Pending<Request, Reply>>()
  readonly #sent = new Map<number, Pending<Request, Reply>>()
  #id = 0
  #ended: VirtError | undefined
  #settleClosed: (reason: VirtError | undefined) => void = () => {}

  constructor(stream: ByteStream, protocol: Protocol<Request>) {
    this.#stream = stream
    this.#protocol = protocol
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve
    })
    stream.receive(
      (chunk) => this.#receive(chunk),
      (error) => this.end(error ?? this.lost(`${protocol.daemon} closed the connection`)),
    )
  }

  /** Sends a request when its turn comes, and answers the reply. */
  async request(request: Request, limits: Limits = {}): Promise<Reply> {
    const { signal, timeout = this.#protocol.timeout } = limits
    const expired = (limit: number) => this.late(this.#protocol.describe(request), limit)
    return await deadline({ signal, timeout }, expired, async (ended) => {
      if (this.#ended) throw this.#ended
      return await new Promise<Reply>((resolve, reject) => {
        const pending = { request, resolve, reject }
        ended.addEventListener('abort', () => this.#waiting.delete(pending))
        this.#waiting.add(pending)
        this.#sendWaiting()
      })
    })
  }

  /** The request that was sent under that number and now has its reply; `undefined` when none was. */
  answered(id: number): Pending<Request, Reply> | undefined {
    const pending = this.#sent.get(id)
    this.#sent.delete(id)
    this.#sendWaiting()
    return pending
  }

  /** Sends bytes that are no request. */
  send(bytes: Uint8Array): void {
    this.#stream.send(bytes)
  }

  /** Ends the connection with a reason. */
  end(reason: VirtError): void {
    this.#finish(reason, reason)
  }

  /** Ends the connection because nobody here needs it any more. */
  close(): void {
    this.#finish(this.lost('the connection was closed here'), undefined)
  }

  /** What it is when the connection is gone. */
  lost(what: string): VirtError {
    return this.#error('no-connection', what)
  }

  /** What it is when an answer does not come in time. */
  late(what: string, limit: number): VirtError {
    return this.#error(
      'timeout',
      `${this.#protocol.daemon} did not answer ${what} within ${limit} ms; it may yet do it`,
    )
  }

  /** What it is when the other end breaks the protocol. */
  malformed(what: string): VirtError {
    return this.#error('rpc', `${this.#protocol.daemon} broke the protocol: ${what}`)
  }

  #error(code: 'no-connection' | 'timeout' | 'rpc', what: string): VirtError {
    return new VirtError(code, `${this.#stream.peer}: ${what}`, { errorDomain: this.#protocol.errorDomain })
  }

  #receive(chunk: Buffer): void {
    if (this.#ended) return
    try {
      this.#protocol.receive(chunk)
    } catch (error) {
      this.end(VirtError.is(error) ? error : this.malformed(String(error)))
    }
  }

  #sendWaiting(): void {
    for (const pending of this.#waiting) {
      if (this.#sent.size >= this.#protocol.maxInFlight || this.#ended) return
      this.#waiting.delete(pending)
      const id = (this.#id + 1) >>> 0
      try {
        const bytes = this.#protocol.encode(pending.request, id)
        this.#id = id
        this.#sent.set(id, pending)
        this.#stream.send(bytes)
      } catch (error) {
        pending.reject(error)
      }
    }
  }

  #finish(reason: VirtError, told: VirtError | undefined): void {
    if (this.#ended) return
    this.#ended = reason
    this.#stream.close()
    for (const { reject } of [...this.#sent.values(), ...this.#waiting]) reject(reason)
    this.#sent.clear()
    this.#waiting.clear()
    this.#protocol.ended(reason)
    this.#settleClosed(told)
  }
}
