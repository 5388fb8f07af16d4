import type { Forgotten } from '../../xml/layout.js'
import { filled, ruled } from '../../xml/refine.js'
import { attr, one, opt, since } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { name, onOff, word, yesNo } from '../../xml/text.js'
import { variants } from '../../xml/variants.js'
import { soleFunction } from '../pci-address.js'
import { aliasName, sitsAt } from './device-info.js'
import { storageFlags, subsystem } from './subsystem.js'

/** Which driver of the host holds the device for the guest: `virDeviceHostdevPCIDriverInfo`. */
const driverRows = {
  /** The kind of driver; `kvm` is history. */
  name: opt(attr('@name', word('kvm', 'vfio', 'xen'))),
  /** A variant of vfio-pci by its module's name; libvirt 10.0. */
  model: opt(attr('@model', name)),
  /** Use /dev/iommu rather than a VFIO container; libvirt 12.1. */
  iommufd: since('12.1', opt(attr('@iommufd', yesNo))),
}

/** The `<driver>` of a device; `forgotten` are settings of other devices that the schema allows there too. */
export const pciDriver = (forgotten: Forgotten = {}) => filled(table(driverRows, { forgotten }))

/** A pair of network devices of which one takes over while the other is unplugged: `virDomainNetTeamingInfo`. */
export const teaming = variants('type', {
  persistent: table({}),
  /** The device that can be unplugged, with the alias of the one that stays. */
  transient: table({ persistent: attr('@persistent', aliasName) }),
})

/** `<hostdev type='pci'>`: `virDomainHostdevSubsysPCI`. */
export const pciHostdev = ruled(
  table(
    subsystem({
      /** Whether the device may be the guest's screen; libvirt 10.2. */
      display: opt(attr('@display', onOff)),
      /** A framebuffer in guest memory until the guest's driver takes over; libvirt 10.2. */
      ramfb: opt(attr('@ramfb', onOff)),
      driver: opt(one('driver', pciDriver())),
      source: one(
        'source',
        table(
          {
            /** Whether Xen filters writes to the device's configuration space. */
            writeFiltering: opt(attr('@writeFiltering', yesNo)),
            address: one('address', soleFunction),
          },
          { forgotten: { '@startupPolicy': attr('@startupPolicy', word('mandatory', 'requisite', 'optional')) } },
        ),
      ),
      teaming: opt(one('teaming', teaming)),
    }),
    { order: 'any', together: ['driver', 'source', 'teaming'], forgotten: storageFlags },
  ),
  sitsAt('pci', 'unassigned'),
  ({ teaming }) =>
    teaming && teaming.kind !== 'transient'
      ? 'has a teaming that is not transient, as a host device must be'
      : undefined,
)
