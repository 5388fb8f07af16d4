import { delay } from '../../async/deadline.js'
import type { CallOptions } from '../../backend.js'

/** One call that was made of a mock host. */
export interface MockCall {
  /** `devices.create`, `domains.attach`… */
  readonly call: string
  readonly args: readonly unknown[]
}

interface Fault {
  left: number
  act(signal: AbortSignal | undefined): Promise<void>
}

/** What a test has a mock host do wrong, and the calls it has seen. */
export class Faults {
  /** Calls in the order they came; clear it with `calls.length = 0`. */
  readonly calls: MockCall[] = []
  readonly #faults = new Map<string, Fault[]>()

  add(call: string, times: number, act: Fault['act']): void {
    this.#faults.set(call, [...(this.#faults.get(call) ?? []), { left: times, act }])
  }

  /** Waits as long as `milliseconds`, or until the call is given up. */
  static readonly late =
    (milliseconds: number): Fault['act'] =>
    (signal) =>
      delay(milliseconds, signal)

  /** Never answers; a call that is given up rejects. */
  static readonly silence: Fault['act'] = (signal) =>
    new Promise((_, reject) => {
      if (signal?.aborted) reject(signal.reason)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
    })

  /** A driver whose calls are noted, and go wrong as a test has asked for. */
  watch<D extends object>(prefix: string, driver: D): D {
    const watched = Object.entries(driver).map(([method, work]) => {
      const call = `${prefix}.${method}`
      const answer = async (...args: unknown[]) => {
        this.calls.push({ call, args })
        const fault = this.#faults.get(call)?.find(({ left }) => left > 0)
        if (fault) {
          fault.left--
          await fault.act((args.at(-1) as CallOptions | undefined)?.signal)
        }
        return await (work as (...args: unknown[]) => unknown)(...args)
      }
      return [method, answer]
    })
    return Object.fromEntries(watched) as D
  }
}
