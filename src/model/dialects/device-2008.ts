import type { Infer } from '../../xml/codec.js'
import type { XmlElement } from '../../xml/element.js'
import { ruled } from '../../xml/refine.js'
import { attr, body, flag, leaf, many, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { name, str } from '../../xml/text.js'
import { type Other, variants } from '../../xml/variants.js'
import { known } from '../known.js'
import type { Capability, CapabilityOf, NodeDeviceDef } from '../node-device.js'
import { id2008, pciAddress2008, usbAddress2008 } from './hardware-2008.js'
import { paddedDecimal } from './old-numbers.js'
import { translated } from './translated.js'

/** Where HAL keeps its devices: a key is this and the device's name. */
export const halFolder = '/org/freedesktop/Hal/devices/'

const identified = table({ id: id2008, name: opt(body(name)) })
const ids = { vendor: one('vendor', identified), product: one('product', identified) }

/** Hardware: what can be given away as it is. */
const bus = variants('type', {
  pci: table({ ...ids, address: pciAddress2008 }),
  usb: table({ ...ids, address: usbAddress2008 }),
})
type Bus = Infer<typeof bus>

/** What the host's kernel makes of hardware. */
const capability = variants('type', {
  net: table({
    hwaddr: opt(leaf('hwaddr', str)),
    name: leaf('name', str),
    wireless: opt(flag("capability[@type='80211']")),
    wired: opt(flag("capability[@type='80203']")),
  }),
  scsihost: table({
    fc: opt(
      one(
        "capability[@type='fc']",
        table({
          address: one('address', table({ wwnn: attr('@wwnn', name), wwpn: attr('@wwpn', name) })),
          vports: opt(one('vports', just(attr('@max', paddedDecimal(1))))),
        }),
      ),
    ),
  }),
})
type OldCapability = Infer<typeof capability>

const isOther = (each: { kind: string }): each is Other => each.kind === 'other'

const device = ruled(
  table({
    name: leaf('name', str),
    /** HAL's udi; the kernel's folder for devices HAL never saw. */
    key: opt(leaf('key', str)),
    parent: opt(leaf('parent', str)),
    bus: opt(one('bus', bus)),
    capabilities: many('capability', capability),
  }),
  ({ name, key = halFolder + name }) =>
    key === halFolder + name || key.startsWith('/sys/')
      ? undefined
      : `has the key '${key.slice(0, 100)}', which is neither ${halFolder}${name} nor a folder in /sys`,
  ({ bus, capabilities }) => (bus || capabilities.length > 0 ? undefined : 'is on no bus and has no capability'),
)
type OldDevice = Infer<typeof device>

function fromBus(old: Bus): Capability | undefined {
  if (isOther(old)) return undefined
  const { vendor, product } = old
  if (old.kind === 'pci') return { kind: 'pci', ...old.address, product, vendor }
  return { kind: 'usb_device', bus: old.address.bus, device: old.address.dev, product, vendor }
}

function toBus(capability: Capability): Bus | undefined {
  if (capability.kind === 'pci') {
    const { domain, bus, slot, function: fn, vendor, product } = capability
    return { kind: 'pci', vendor, product, address: { domain, bus, slot, function: fn } }
  }
  if (capability.kind !== 'usb_device') return undefined
  const { bus, device, vendor, product } = capability
  return { kind: 'usb', vendor, product, address: { bus, dev: device } }
}

/** The proposal has no host numbers and does not count virtual ports; 0 stands for both. */
function fromOld(old: OldCapability): Capability {
  if (isOther(old)) return old
  if (old.kind === 'net')
    return known<CapabilityOf<'net'>>({
      kind: 'net',
      interface: old.name,
      address: old.hwaddr,
      subtype: old.wireless ? '80211' : old.wired ? '80203' : undefined,
    })
  return known<CapabilityOf<'scsi_host'>>({
    kind: 'scsi_host',
    host: 0,
    fcHost: old.fc?.address,
    vportOps: old.fc?.vports === undefined ? undefined : { maxVports: old.fc.vports, vports: 0 },
  })
}

function toOld(capability: Capability): OldCapability | undefined {
  if (isOther(capability)) return capability
  if (capability.kind === 'net') {
    const { interface: name, address: hwaddr, subtype } = capability
    const wireless = subtype === '80211' || undefined
    const wired = subtype === '80203' || undefined
    return known<Exclude<OldCapability, Other> & { kind: 'net' }>({ kind: 'net', hwaddr, name, wireless, wired })
  }
  if (capability.kind !== 'scsi_host') return undefined
  const { fcHost: { wwnn, wwpn } = {}, vportOps } = capability
  if (wwnn === undefined || wwpn === undefined) return { kind: 'scsihost' }
  return {
    kind: 'scsihost',
    fc: { address: { wwnn, wwpn }, ...(vportOps && { vports: vportOps.maxVports }) },
  }
}

function toDef({ name, key, parent, bus, capabilities }: OldDevice): NodeDeviceDef | undefined {
  const hardware = bus && fromBus(bus)
  if (bus && !hardware) return undefined
  return known<NodeDeviceDef>({
    name,
    path: key?.startsWith('/sys/') ? key : undefined,
    parent: parent?.startsWith(halFolder) ? parent.slice(halFolder.length) : parent,
    capabilities: [...(hardware ? [hardware] : []), ...capabilities.map(fromOld)],
  })
}

function fromDef({ name, path, parent, capabilities }: NodeDeviceDef): OldDevice {
  const [first] = capabilities
  const bus = first && toBus(first)
  return known<OldDevice>({
    name,
    key: path ?? halFolder + name,
    parent: parent === undefined ? undefined : halFolder + parent,
    bus,
    capabilities: capabilities.slice(bus ? 1 : 0).flatMap((each) => toOld(each) ?? []),
  })
}

/** `<device>` as proposed on libvir-list on 2 April 2008: HAL's view of a host, in the words of its day. */
export const device2008 = translated<OldDevice, NodeDeviceDef>({
  name: 'proposal-2008',
  noun: 'the device',
  codec: device,
  toDef,
  fromDef,
})

/** Whether a `<device>` is written so: libvirt's has neither key nor bus, and other words in its capabilities. */
export const speaks2008 = ({ children }: XmlElement): boolean =>
  children.some(({ name, attributes: { type }, children: inside }) => {
    if (name !== 'capability') return name === 'key' || name === 'bus'
    return (
      type === 'scsihost' || (type === 'net' && inside.some((each) => each.name === 'name' || each.name === 'hwaddr'))
    )
  })
