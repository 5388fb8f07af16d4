import { ruled } from '../../xml/refine.js'
import { attr, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { onOff, word } from '../../xml/text.js'
import { uuid } from '../uuid.js'
import { storageFlags, subsystem } from './subsystem.js'

/** The guest address each model of mediated device has. */
const addressOf = { 'vfio-pci': 'pci', 'vfio-ccw': 'ccw', 'vfio-ap': undefined } as const

/** `<hostdev type='mdev'>`: `virDomainHostdevSubsysMediatedDev`. */
export const mdevHostdev = ruled(
  table(
    subsystem({
      /** The device_api of the mediated device. */
      model: attr('@model', word('vfio-pci', 'vfio-ccw', 'vfio-ap')),
      /** Whether the device may be the guest's screen. */
      display: opt(attr('@display', onOff)),
      /** A framebuffer in guest memory until the guest's driver takes over. */
      ramfb: opt(attr('@ramfb', onOff)),
      source: one('source', table({ uuid: one('address', just(attr('@uuid', uuid))) })),
    }),
    { order: 'any', forgotten: storageFlags },
  ),
  ({ model, address }) =>
    address && addressOf[model] !== undefined && address.kind !== addressOf[model]
      ? `has an address of type '${address.kind}', but a device of model ${model} sits at a ${addressOf[model]} address`
      : undefined,
)
