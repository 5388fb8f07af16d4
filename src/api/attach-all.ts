import type { AffectOptions, DomainDriver } from '../backend.js'
import { notTakenBack, VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { findHostdev } from '../model/hostdev-target.js'

/** Gives a guest several host devices, all of them or none: in one change where the driver can, else one by one. */
export async function attachAll(
  domains: DomainDriver,
  domain: string,
  defs: readonly HostdevDef[],
  options: AffectOptions,
): Promise<HostdevDef[]> {
  if (domains.attachAll) return await domains.attachAll(domain, defs, options)
  const before = await domains.hostdevs(domain, options)
  const attached: HostdevDef[] = []
  try {
    for (const def of defs) attached.push(await domains.attach(domain, def, options))
    return attached
  } catch (error) {
    const own = attached.filter((def) => findHostdev(before, def) === undefined).reverse()
    // the rollback goes on when it is the caller's signal that has ended the call
    const { signal: _, ...rest } = options
    await allEnded(own.map((def) => domains.detach(domain, def, rest))).catch((failure: unknown) => {
      throw notTakenBack(error, failure, (why) => `what was given before remains (${why})`)
    })
    throw error
  }
}

/**
 * Waits until all of several devices have been taken back, or have not.
 *
 * @throws VirtError of the first that could not be; its message names how many remain
 */
export async function allEnded(detaches: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(detaches)
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const [first] = failures
  if (failures.length <= 1 || !VirtError.is(first)) {
    for (const failure of failures) throw failure
    return
  }
  throw new VirtError(first.code, `${first.message}; ${failures.length} of ${results.length} devices remain`, {
    ...first.details,
    cause: new AggregateError(failures),
  })
}
