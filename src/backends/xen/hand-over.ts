import type { Guests as HandOver } from '../../manager/guests.js'
import { isPciKey, pciHandOver } from './pci-hand-over.js'
import { usbHandOver } from './usb-hand-over.js'
import type { XenHost } from './xen-host.js'
import { xlUsb } from './xl-usb.js'

/** How the devices of a Xen host change hands: PCI devices by xl always, USB devices as the policy says. */
export function handOver(edges: Pick<XenHost, 'store' | 'files' | 'run' | 'monitor' | 'patience' | 'via'>): HandOver {
  const native = usbHandOver(edges)
  const [pci, usb] = [pciHandOver(edges), edges.via === 'xl' ? xlUsb(edges, native) : native]
  const of = ({ key }: { readonly key: string }): HandOver => (isPciKey(key) ? pci : usb)
  return {
    has: (user, device) => of(device).has(user, device),
    give: (user, device, words, options) => of(device).give(user, device, words, options),
    take: (user, device, words, options) => of(device).take(user, device, words, options),
  }
}
