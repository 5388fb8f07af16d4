import { expect } from 'vitest'
import type { CallOptions } from '../../src/backend.js'

/** What every watch owes: it ends when it is disposed of, and fails with the reason of a signal that is aborted. */
export async function expectWatchToEnd(
  open: (options: CallOptions) => Promise<AsyncIterable<unknown> & AsyncDisposable>,
): Promise<void> {
  const watch = await open({})
  const next = watch[Symbol.asyncIterator]().next()
  await watch[Symbol.asyncDispose]()
  expect(await next).toEqual({ value: undefined, done: true })

  const [controller, reason] = [new AbortController(), new Error('enough')]
  const other = await open({ signal: controller.signal })
  const waiting = other[Symbol.asyncIterator]().next()
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
}
