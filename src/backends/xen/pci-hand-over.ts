import { Mutex } from '../../async/mutex.js'
import type { Guests as HandOver } from '../../manager/guests.js'
import { waitForState, xenbus } from './device-state.js'
import { pciBackend, readPciDevices } from './pci-store.js'
import type { XenHost } from './xen-host.js'
import { domainOf } from './xen-user.js'

/** What xl is told of a device that it gives. Plain JSON, since the journal keeps it. */
export interface PciWords {
  /** PCI_SPEC_STRING. */
  readonly spec: string
}

/** Whether a key of the manager's is that of a PCI function. */
export const isPciKey = (key: string): boolean => key.startsWith('pci-')

const addressIn = (key: string): string => key.slice('pci-'.length)

/**
 * Gives PCI devices to guests and takes them back, for changes of the host of which that is a step. Interrupts, memory
 * and the IOMMU take hypercalls, so xl does it; whether it is done xenstore says.
 */
export function pciHandOver({ store, run, patience }: Pick<XenHost, 'store' | 'run' | 'patience'>): HandOver {
  // an xl that comes upon another's change of the same guest waits for no longer than libxl does
  const turns = new Mutex()
  /** Before libxl changes what a PV guest has, both ends must have done with the last change; it waits 10 seconds. */
  const settled = async (domain: number) => {
    const backend = pciBackend(domain)
    const [state, type] = await Promise.all([store.read(`${backend}/state`), store.read(`/libxl/${domain}/type`)])
    if (state !== undefined && type === 'pv')
      await waitForState(store, backend, [xenbus.connected], { timeout: patience })
  }
  const xl = (args: readonly string[], keeping: number | undefined) =>
    run(['xl', ...args], { ...(keeping !== undefined && { descriptors: [keeping] }) })
  return {
    async has(user, { key }) {
      return (await readPciDevices(store, domainOf(user))).some(({ address }) => address === addressIn(key))
    },
    async give(user, _device, words, { keeping }) {
      const domain = domainOf(user)
      await turns.run(async () => {
        await settled(domain)
        await xl(['pci-attach', String(domain), (words as PciWords).spec], keeping)
      })
    },
    async take(user, { key }, _words, { keeping }) {
      const domain = domainOf(user)
      await turns.run(async () => {
        await settled(domain)
        await xl(['pci-detach', String(domain), addressIn(key)], keeping)
      })
    },
  }
}
