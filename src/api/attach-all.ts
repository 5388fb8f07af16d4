import { type AffectOptions, type Backend, need } from '../backend.js'
import { notTakenBack, VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { findHostdev } from '../model/hostdev-target.js'
import type { HostdevInterface } from '../model/vf-config.js'
import { domainsOf } from './domains-of.js'

/** Gives a guest a host device, or one that is set up as a network interface. */
export async function attachOne(
  backend: Backend,
  domain: string,
  def: HostdevDef | HostdevInterface,
  options: AffectOptions,
): Promise<HostdevDef> {
  const domains = domainsOf(backend)
  return def.kind === 'hostdev'
    ? await need(backend, domains, 'attachInterface')(domain, def, options)
    : await domains.attach(domain, def, options)
}

/** Gives a guest several host devices, all of them or none: in one change where the driver can, else one by one. */
export async function attachAll(
  backend: Backend,
  domain: string,
  defs: readonly (HostdevDef | HostdevInterface)[],
  options: AffectOptions,
): Promise<HostdevDef[]> {
  const domains = domainsOf(backend)
  const plain = defs.filter((def) => def.kind !== 'hostdev')
  if (domains.attachAll && plain.length === defs.length) return await domains.attachAll(domain, plain, options)
  const before = await domains.hostdevs(domain, options)
  const attached: HostdevDef[] = []
  try {
    for (const def of defs) attached.push(await attachOne(backend, domain, def, options))
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
