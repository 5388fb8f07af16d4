import { ruled } from '../../xml/refine.js'
import { attr, one, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { yesNo } from '../../xml/text.js'
import { type Tell, variants } from '../../xml/variants.js'
import { usbSource } from '../hostdev/usb.js'
import { soleFunction } from '../pci-address.js'

/** The type stands at the address; where there is none, only a USB device has a vendor. */
const tell: Tell = {
  attributes: ['type'],
  kindOf({ children }) {
    const address = children.find(({ name }) => name === 'address')
    return address ? address.attributes.type : children.length > 0 ? 'usb' : undefined
  },
  mark: () => ({}),
}

/** The host device behind an interface of type hostdev. */
export const hostdevSource = variants(tell, {
  pci: table(
    {
      writeFiltering: opt(attr('@writeFiltering', yesNo)),
      address: one("address[@type='pci']", soleFunction),
    },
    { forgotten: { '@missing': attr('@missing', yesNo) } },
  ),
  usb: ruled(usbSource("address[@type='usb']"), ({ vendor, address }) =>
    vendor === undefined && !address ? 'names no device; give an address, or vendor and product' : undefined,
  ),
})
