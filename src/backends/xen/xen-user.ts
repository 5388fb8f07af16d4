import { errorDomains, VirtError } from '../../errors.js'
import type { DeviceUser } from '../../manager/guests.js'
import type { RunningGuest } from './guests.js'

/** libvirt's name for its driver of Xen. */
const driver = 'xenlight'

/** A guest as the book of the host's devices has it. */
export const userOf = ({ name, id }: RunningGuest): DeviceUser => ({ driver, domain: name, at: `/local/domain/${id}` })

/** Whether it is a guest of ours. */
export const isXenUser = (user: DeviceUser): boolean => user.driver === driver

/** The number of a guest of ours. @throws VirtError `operation-unsupported` for another hypervisor's */
export function domainOf(user: DeviceUser): number {
  const id = isXenUser(user) ? /^\/local\/domain\/(\d+)$/.exec(user.at ?? '')?.[1] : undefined
  if (id !== undefined) return Number(id)
  throw new VirtError('operation-unsupported', `the guest ${user.domain} is none of Xen's; ask its own hypervisor`, {
    domain: user.domain,
    errorDomain: errorDomains.xen,
  })
}
