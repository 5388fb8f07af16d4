import { VirtError } from '../src/errors.js'

/** The error that a call fails with, which has to be a VirtError. */
export async function failure(call: Promise<unknown>): Promise<VirtError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!VirtError.is(error)) throw new Error('the call did not fail with a VirtError', { cause: error })
  return error
}
