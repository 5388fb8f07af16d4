import { type Finding, finding } from '../../model/finding.js'
import type { UsbDevice } from '../usb-device.js'
import type { Inventory } from './inventory.js'
import { useFindings } from './use-findings.js'

const hub = finding('hub', 'is a hub', { remedy: 'give away what is plugged into it, one by one' })

/** All that speaks for and against giving a USB device away. */
export const usbFindings = async (look: Inventory, usb: UsbDevice): Promise<Finding[]> => [
  ...(await useFindings(look, usb, [usb.node])),
  ...(usb.isHub ? [hub] : look.uses.below(usb.real)),
]
