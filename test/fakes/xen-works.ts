import type { Connection } from '../../src/api/connection.js'

const both = [5, 6].map((device) => ({ kind: 'usb', managed: false, source: { address: { bus: 1, device } } }) as const)
const nic = {
  kind: 'pci',
  managed: true,
  source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } },
} as const

/** What is done to the guest `alpha` of a played Xen and the devices of its host. */
export async function xenWorks(host: Connection) {
  const guest = await host.lookupDomain('alpha')
  const card = await host.lookupNodeDevice('pci_0000_02_00_0')
  return {
    attach: () => guest.attachHostdevs(both),
    detach: () => guest.detachHostdevs(both),
    attachController: () => guest.attachController({ ports: 2 }),
    detachController: () => guest.detachController(0),
    assign: () => card.detach(),
    unassign: () => card.reattach(),
    attachPci: () => guest.attachHostdev(nic),
    detachPci: () => guest.detachHostdev(nic),
    async clear() {
      for (const def of await guest.hostdevs()) if (def.kind === 'pci') await guest.detachHostdev(def)
      await card.reattach()
      for (const { index = 0 } of await guest.controllers()) await guest.detachController(index)
    },
  }
}

export type XenWork = keyof Awaited<ReturnType<typeof xenWorks>>
