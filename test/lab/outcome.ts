import { VirtError } from '../../src/index.js'

/** How a call ended: what it answered, or `done`; or its error's code and message. */
export function outcome(call: Promise<void>): Promise<string>
export function outcome<T>(call: Promise<T>): Promise<T | string>
export async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return (await call) ?? 'done'
  } catch (error) {
    return VirtError.is(error) ? `${error.code}: ${error.message}` : String(error)
  }
}
