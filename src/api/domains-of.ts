import type { Backend, DomainDriver } from '../backend.js'
import { VirtError } from '../errors.js'

/** What is said of guests where there are none. */
export const noGuests = ({ name }: Backend): string =>
  `the ${name} backend has no guests; open a hypervisor's URI for them`

/** The drivers of a backend's guests. @throws VirtError `unsupported` where there are none */
export function domainsOf(backend: Backend): DomainDriver {
  if (backend.domains) return backend.domains
  throw new VirtError('unsupported', noGuests(backend), { backend: backend.name })
}
