import type { Limits } from '../../async/deadline.js'
import { Queue } from '../../async/queue.js'
import { errorDomains, VirtError } from '../../errors.js'
import { publish } from '../../os/diagnostics.js'
import type { ByteStream } from '../../os/socket.js'
import { Exchange } from '../exchange.js'
import { isObject, JsonReader } from './json-reader.js'

/** How a {@link QmpClient} talks. */
export interface QmpClientOptions {
  /** Milliseconds for each command that says nothing else; 30 seconds unless told. */
  readonly timeout?: number | undefined
  /** The largest reply, in bytes; 64 MiB unless told. */
  readonly maxReply?: number | undefined
}

/** Something QEMU tells by itself. */
export interface QmpEvent {
  /** `DEVICE_DELETED` */
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
  /** When, by QEMU's clock: seconds since 1970, with microseconds. */
  readonly time: number
}

interface Command {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>> | undefined
}

/**
 * A client of one QEMU monitor (QMP, QEMU's docs/interop/qmp-spec.rst). Commands may be sent before earlier ones are
 * answered. The end of QEMU rejects every command and ends every subscription with `no-connection`. Numbers beyond 2^53
 * are rounded, as in all of JavaScript's JSON. Published on `hostdev:qmp`.
 *
 * Made by {@link openMonitor}, which waits for the greeting.
 */
export class QmpClient {
  /** Settles when the connection has ended: with the reason, or `undefined` when {@link close} ended it. */
  readonly closed: Promise<VirtError | undefined>
  /** What QEMU says first: its version and capabilities. */
  readonly greeting: Promise<Readonly<Record<string, unknown>>>
  /** Who is at the other end. */
  readonly peer: string
  readonly #exchange: Exchange<Command, unknown>
  /** Who reads events, and of which names; `undefined`: of all. */
  readonly #readers = new Map<Queue<QmpEvent>, readonly string[] | undefined>()
  #greet: (greeting: Readonly<Record<string, unknown>>) => void = () => {}

  constructor(stream: ByteStream, { timeout = 30_000, maxReply = 64 * 1024 * 1024 }: QmpClientOptions = {}) {
    const objects = new JsonReader(maxReply, (message) => this.#receive(message))
    this.peer = stream.peer
    this.#exchange = new Exchange(stream, {
      daemon: 'QEMU',
      errorDomain: errorDomains.qemu,
      // As many as QEMU takes before it stops reading (QMP_REQ_QUEUE_LEN_MAX in its monitor/qmp.c).
      maxInFlight: 8,
      timeout,
      encode: (command, id) => this.#encode(command, id),
      describe: ({ name }) => name,
      receive: (chunk) => objects.push(chunk),
      ended: (reason) => {
        for (const reader of this.#readers.keys()) reader.fail(reason)
      },
    })
    this.closed = this.#exchange.closed
    this.greeting = new Promise((resolve, reject) => {
      this.#greet = resolve
      void this.closed.then((reason) => reject(reason ?? this.#exchange.lost('the connection was closed here')))
    })
    // Whoever asks for the greeting hears of the failure; nobody may.
    this.greeting.catch(() => {})
  }

  /**
   * Runs a command and answers its `return`. What QEMU refuses rejects with its words and class: `unsupported` for a
   * command it does not have, `operation-failed` for all else.
   */
  async execute(name: string, args?: Readonly<Record<string, unknown>>, limits: Limits = {}): Promise<unknown> {
    return await this.#exchange.request({ name, args }, limits)
  }

  /** The events from now on, or those of some names; QEMU sends them without being asked. */
  events(names?: readonly string[], signal?: AbortSignal): Queue<QmpEvent> {
    const queue = new Queue<QmpEvent>({
      signal,
      close: () => {
        this.#readers.delete(queue)
      },
    })
    this.#readers.set(queue, names)
    return queue
  }

  /** Ends the connection; QEMU goes on. */
  close(): void {
    this.#exchange.close()
  }

  #encode({ name, args }: Command, id: number): Buffer {
    const message = { execute: name, ...(args === undefined ? {} : { arguments: args }), id }
    this.#show('sent', message)
    return Buffer.from(`${JSON.stringify(message)}\n`)
  }

  #receive(message: Readonly<Record<string, unknown>>): void {
    this.#show('received', message)
    if ('QMP' in message && isObject(message.QMP)) this.#greet(message.QMP)
    else if (typeof message.event === 'string') this.#receiveEvent(message.event, message)
    else if ('return' in message || isObject(message.error)) this.#receiveReply(message)
    else throw this.#exchange.malformed('a message that is no greeting, reply or event')
  }

  #receiveReply({ id, return: result, error }: Readonly<Record<string, unknown>>): void {
    const command = typeof id === 'number' ? this.#exchange.answered(id) : undefined
    // An error without a number is QEMU's answer to what it could not even read.
    if (!command) throw this.#exchange.malformed(`a reply to no command: ${isObject(error) ? error.desc : String(id)}`)
    if (isObject(error)) command.reject(refusal(command.request.name, error))
    else command.resolve(result)
  }

  #receiveEvent(name: string, { data, timestamp }: Readonly<Record<string, unknown>>): void {
    const { seconds, microseconds } = isObject(timestamp) ? timestamp : {}
    const event = { name, data: isObject(data) ? data : {}, time: Number(seconds) + Number(microseconds) / 1e6 }
    for (const [reader, names] of this.#readers) if (!names || names.includes(name)) reader.push(event)
  }

  #show(direction: 'sent' | 'received', message: unknown): void {
    publish('hostdev:qmp', () => ({ direction, peer: this.peer, message }))
  }
}

function refusal(command: string, { class: qmpClass, desc }: Readonly<Record<string, unknown>>): VirtError {
  const code = qmpClass === 'CommandNotFound' ? 'unsupported' : 'operation-failed'
  return new VirtError(code, `${command}: ${String(desc)}`, {
    qmpClass: String(qmpClass),
    errorDomain: errorDomains.qemu,
  })
}
