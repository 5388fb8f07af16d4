import type { Guests as HandOver } from '../../manager/guests.js'
import { isPciKey, pciHandOver } from './pci-hand-over.js'
import { usbHandOver } from './usb-hand-over.js'
import type { XenHost } from './xen-host.js'

/** How the devices of a Xen host change hands, each kind in its own way. */
export function handOver(edges: Pick<XenHost, 'store' | 'files' | 'run' | 'monitor' | 'patience'>): HandOver {
  const [pci, usb] = [pciHandOver(edges), usbHandOver(edges)]
  const of = ({ key }: { readonly key: string }): HandOver => (isPciKey(key) ? pci : usb)
  return {
    has: (user, device) => of(device).has(user, device),
    give: (user, device, words, options) => of(device).give(user, device, words, options),
    take: (user, device, words, options) => of(device).take(user, device, words, options),
  }
}
