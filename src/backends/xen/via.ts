import { errorDomains, VirtError } from '../../errors.js'
import type { RunCommand } from '../../os/command.js'
import { hasXl } from './xl.js'

/**
 * How a Xen host is changed: `xenstore`, through xenstore and dom0's kernel alone; `xl`, by xl alone; `auto`, by
 * xenstore and the kernel as far as that goes, and by xl where a hypercall is needed, which no Node program can make.
 */
export type Via = (typeof policies)[number]

const policies = ['auto', 'xenstore', 'xl'] as const

/** @throws VirtError `invalid-argument` for what is no policy */
export function checkVia(via: string): Via {
  const found = policies.find((policy) => policy === via)
  if (found) return found
  throw new VirtError(
    'invalid-argument',
    `via=${via.slice(0, 50)} is no way to change a Xen host; there are ${policies.join(', ')}`,
    { errorDomain: errorDomains.xen, candidates: [...policies] },
  )
}

/** The policy, and what would run xl. */
interface Edges {
  readonly via: Via
  readonly run: RunCommand
}

/** The policy as far as it can be followed here: where there is no xl, xenstore is all there is. */
export async function possibleVia({ via, run }: Edges): Promise<Via> {
  return via === 'auto' && !(await hasXl(run)) ? 'xenstore' : via
}

/** @throws VirtError `unsupported` where xl is not to be used, or not there */
export async function needXl(host: Edges, what: string): Promise<void> {
  if ((await possibleVia(host)) !== 'xenstore') return
  const remedy = host.via === 'xenstore' ? "open the host with via 'auto'" : "install Xen's xl"
  throw new VirtError('unsupported', `${what} takes hypercalls, which only xl can make: ${remedy}`, {
    errorDomain: errorDomains.xen,
  })
}
