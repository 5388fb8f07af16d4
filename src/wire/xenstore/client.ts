import { delay, type Limits } from '../../async/deadline.js'
import { Queue } from '../../async/queue.js'
import { type ErrorCode, errorDomains, VirtError } from '../../errors.js'
import { publish } from '../../os/diagnostics.js'
import type { ByteStream } from '../../os/socket.js'
import { Exchange } from '../exchange.js'
import {
  encodeMessage,
  maxPayload,
  messageReader,
  type Operation,
  operations,
  replies,
  type StoreMessage,
} from './message.js'
import { checkDomain, checkWatchPath } from './names.js'
import { isErrno, storeError } from './store-error.js'
import { type StoreRequest, StoreView, split } from './view.js'

/** How a {@link XenstoreClient} talks. */
export interface XenstoreOptions {
  /** Milliseconds for each request that says nothing else; 30 seconds unless told. */
  readonly timeout?: number | undefined
}

/** How a watch is set. */
export interface WatchOptions extends Limits {
  /** How deep below its path it sees changes; all the way down unless told. Xen 4.20 and newer. */
  readonly depth?: number | undefined
}

/** How a transaction is run. */
export interface TransactionOptions {
  /** Aborting it aborts the transaction. */
  readonly signal?: Limits['signal']
  /** How often it is tried before it is given up; 50 unless told. */
  readonly attempts?: number | undefined
}

/** What has no method of its own. */
type OtherOperation = Extract<
  Operation,
  'CONTROL' | 'INTRODUCE' | 'RELEASE' | 'RESUME' | 'SET_TARGET' | `${'GET' | 'SET'}_${'FEATURE' | 'QUOTA'}`
>

interface Request {
  readonly operation: Operation
  /** What it is about: a path or domain. */
  readonly subject: string
  readonly transaction: number
  readonly payload: Buffer
}

const names = new Map<number, string>(Object.entries({ ...operations, ...replies }).map(([name, type]) => [type, name]))

/**
 * A client of xenstored on one connection: the tree ({@link StoreView}), transactions, watches, domains. Requests
 * may be sent before earlier ones are answered. What xenstored refuses carries its errno in the details.
 * Published on `hostdev:xenstore`.
 */
export class XenstoreClient extends StoreView {
  /** Settles when the connection has ended: with the reason, or `undefined` when {@link close} ended it. */
  readonly closed: Promise<VirtError | undefined>
  /** Who is at the other end. */
  readonly peer: string
  readonly #exchange: Exchange<Request, Buffer>
  readonly #watches = new Map<string, Queue<string>>()
  #lastToken = 0

  constructor(stream: ByteStream, { timeout = 30_000 }: XenstoreOptions = {}) {
    super((request, limits) => this.#send(request, limits), 0)
    const tooLong = (length: number) => this.#exchange.malformed(`a message of ${length} bytes`)
    const messages = messageReader((message) => this.#receive(message), tooLong)
    this.peer = stream.peer
    this.#exchange = new Exchange(stream, {
      daemon: 'xenstored',
      errorDomain: errorDomains.xen,
      // More at a time were no faster.
      maxInFlight: 32,
      timeout,
      encode: (request, requestId) => this.#encode(request, requestId),
      describe: ({ operation }) => operation,
      receive: (chunk) => messages.push(chunk),
      ended: (reason) => {
        // Forgotten first: there is nobody left to unwatch them with.
        const watches = [...this.#watches.values()]
        this.#watches.clear()
        for (const watch of watches) watch.fail(reason)
      },
    })
    this.closed = this.#exchange.closed
  }

  /**
   * Runs `work` in a transaction and commits what it did. When somebody else has changed meanwhile what it saw, it runs
   * again (EAGAIN), up to `attempts` times: then `resource-busy`. What it throws aborts the transaction.
   */
  async transaction<T>(work: (view: StoreView) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { attempts = 50, signal } = options
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      // An abort must not leave a transaction open, so it reaches the work alone.
      const id = Number((await this.#ask('TRANSACTION_START', [''], {}))[0])
      const end = (how: 'T' | 'F') => this.#send({ operation: 'TRANSACTION_END', strings: [how], transaction: id }, {})
      let result: T
      try {
        result = await work(new StoreView((request, limits) => this.#send(request, { signal, ...limits }), id))
      } catch (error) {
        // Whether or not it can still be ended, what went wrong is the work's error.
        await Promise.allSettled([end('F')])
        throw error
      }
      try {
        await end('T')
        return result
      } catch (error) {
        if (!isErrno(error, 'EAGAIN') || attempt === attempts) throw error
      }
      // Others who met the same conflict try again too, but not at the same moment.
      await delay(Math.random() * Math.min(attempt, 10), signal)
    }
  }

  /**
   * The paths that change at or below a path, from now on; the first is the path itself, at once. `@introduceDomain`
   * and `@releaseDomain` tell of domains.
   */
  async watch(path: string, { depth, ...limits }: WatchOptions = {}): Promise<Queue<string>> {
    checkWatchPath(path)
    const token = `hostdev-${++this.#lastToken}`
    const queue = new Queue<string>({
      signal: limits.signal,
      close: async () => {
        if (this.#watches.delete(token)) await this.#ask('UNWATCH', [path, token], {})
      },
    })
    this.#watches.set(token, queue)
    try {
      await this.#ask('WATCH', [path, token, ...(depth === undefined ? [] : [String(depth)])], limits)
      return queue
    } catch (error) {
      // It may have been given up when xenstored had it already.
      queue.end()
      throw error
    }
  }

  /** Where a domain's own part of the tree is: `/local/domain/5`. */
  async domainPath(domain: number, limits: Limits = {}): Promise<string> {
    checkDomain(domain)
    return (await this.#ask('GET_DOMAIN_PATH', [String(domain)], limits))[0] ?? ''
  }

  /** Whether xenstored serves that domain. */
  async isDomainIntroduced(domain: number, limits: Limits = {}): Promise<boolean> {
    checkDomain(domain)
    return (await this.#ask('IS_DOMAIN_INTRODUCED', [String(domain)], limits))[0] === 'T'
  }

  /**
   * Asks what has no method of its own: INTRODUCE (domain, frame, event channel), RELEASE, RESUME (domain), SET_TARGET
   * (domain, target), CONTROL (command, arguments), and the features and quotas that are newer than Xen 4.19. Answers
   * the strings of the reply.
   */
  async ask(
    operation: OtherOperation,
    strings: readonly [string, ...string[]],
    limits: Limits = {},
  ): Promise<string[]> {
    return await this.#ask(operation, strings, limits)
  }

  /** Drops every watch and transaction of this connection; its watches here end. */
  async resetWatches(limits: Limits = {}): Promise<void> {
    await this.#ask('RESET_WATCHES', [''], limits)
    const watches = [...this.#watches.values()]
    this.#watches.clear()
    for (const watch of watches) watch.end()
  }

  /** Ends the connection; xenstored forgets its watches and transactions. */
  close(): void {
    this.#exchange.close()
  }

  async #ask(operation: Operation, strings: readonly [string, ...string[]], limits: Limits): Promise<string[]> {
    return split(await this.#send({ operation, strings, transaction: 0 }, limits))
  }

  async #send({ operation, strings, value = nothing, transaction }: StoreRequest, limits: Limits): Promise<Buffer> {
    if (strings.some((string) => string.includes('\0'))) throw refused('invalid-argument', strings[0], 'it holds a NUL')
    const payload = Buffer.concat([Buffer.from(`${strings.join('\0')}\0`), value])
    if (payload.length > maxPayload)
      throw refused('limit-exceeded', strings[0], `${operation} takes no more than ${maxPayload} bytes at once`)
    return await this.#exchange.request({ operation, subject: strings[0], transaction, payload }, limits)
  }

  #encode({ operation, transaction, payload }: Request, requestId: number): Buffer {
    const message = { type: operations[operation], requestId, transaction, payload }
    this.#show('sent', message)
    return encodeMessage(message)
  }

  #receive(message: StoreMessage): void {
    this.#show('received', message)
    if (message.type === replies.WATCH_EVENT) {
      const [path = '', token = ''] = split(message.payload)
      this.#watches.get(token)?.push(path)
    } else this.#receiveReply(message)
  }

  #receiveReply({ type, requestId, payload }: StoreMessage): void {
    const pending = this.#exchange.answered(requestId)
    if (pending && type === operations[pending.request.operation]) pending.resolve(Buffer.from(payload))
    else if (pending && type === replies.ERROR) {
      const { operation, subject } = pending.request
      pending.reject(storeError(split(payload)[0] ?? '', operation, subject))
    } else {
      const broken = this.#exchange.malformed(`a message of type ${type} to request ${requestId}`)
      pending?.reject(broken)
      throw broken
    }
  }

  #show(direction: 'sent' | 'received', { type, requestId, transaction, payload }: StoreMessage): void {
    publish('hostdev:xenstore', () => ({
      direction,
      peer: this.peer,
      operation: names.get(type) ?? String(type),
      requestId,
      transaction,
      payload: payload.toString().replaceAll('\0', '|'),
    }))
  }
}

const nothing = Buffer.alloc(0)

const refused = (code: ErrorCode, subject: string, why: string): VirtError =>
  new VirtError(code, `${JSON.stringify(subject)} cannot be sent to xenstored: ${why}`, {
    errorDomain: errorDomains.xen,
  })
