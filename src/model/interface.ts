import type { Infer } from '../xml/codec.js'
import { documentOf } from '../xml/document.js'
import { cUint } from '../xml/number.js'
import { filled, ruled } from '../xml/refine.js'
import { type AnyRow, attr, leaf, many, one, opt } from '../xml/row.js'
import { just, table } from '../xml/table.js'
import { admitting, name, onlyYes, word, yesNo } from '../xml/text.js'
import { variants } from '../xml/variants.js'
import { deviceInfo, sitsAt } from './hostdev/device-info.js'
import { pciDriver, teaming } from './hostdev/pci.js'
import { usbSource } from './hostdev/usb.js'
import { virtualPort } from './interface/virtual-port.js'
import { vlan } from './interface/vlan.js'
import { ipAddress, ipRoute } from './ip-address.js'
import { unicastMac } from './mac-address.js'
import { pciAddress } from './pci-address.js'
import { integerTo, shape } from './schema-spelling.js'

const deviceName = admitting(name, shape(/^[\w.\-\\:/]+$/))
const number = admitting(cUint(10), integerTo(0xffff_ffff))

/** What `<driver>` says of a virtio device, which is of no use for a host device. */
const virtioSettings = [
  ...['queues', 'rx_queue_size', 'tx_queue_size', 'txmode', 'ioeventfd', 'event_idx', 'rss', 'rss_hash_report'],
  ...['iommu', 'ats', 'packed', 'page_per_vq'],
].map((attribute) => `@${attribute}`)

/** How fast a direction may be: `virNetDevBandwidthRate`, in kilobytes a second and kilobytes. */
const rate = table({
  average: opt(attr('@average', number)),
  peak: opt(attr('@peak', number)),
  burst: opt(attr('@burst', number)),
})

/** Rows of an interface around those of its kind, in the order libvirt writes (`virDomainNetDefFormat`). */
const networkDevice = <R extends Record<string, AnyRow>>(rows: R) => ({
  trustGuestRxFilters: opt(attr('@trustGuestRxFilters', yesNo)),
  /** The hardware address in the guest; libvirtd makes one up when it is left out. */
  mac: opt(
    one(
      'mac',
      filled(
        table({
          address: opt(attr('@address', unicastMac)),
          type: opt(attr('@type', word('generated', 'static'))),
          check: opt(attr('@check', yesNo)),
        }),
      ),
    ),
  ),
  ...rows,
  bandwidth: opt(one('bandwidth', table({ inbound: opt(one('inbound', rate)), outbound: opt(one('outbound', rate)) }))),
  port: opt(one('port', filled(table({ isolated: opt(attr('@isolated', yesNo)) })))),
  ips: opt(many('ip', ipAddress)),
  routes: opt(many('route', ipRoute)),
  script: opt(one('script', just(attr('@path', name)))),
  downscript: opt(one('downscript', just(attr('@path', name)))),
  /** The domain that serves the device, with Xen. */
  backendDomain: opt(one('backenddomain', just(attr('@name', name)))),
  target: opt(one('target', table({ dev: attr('@dev', deviceName) }))),
  /** Names in a container: what it was, and what it is to be. */
  guest: opt(
    one('guest', filled(table({ dev: opt(attr('@dev', deviceName)), actual: opt(attr('@actual', deviceName)) }))),
  ),
  model: opt(one('model', just(attr('@type', admitting(name, shape(/^[\w-]+$/)))))),
  backend: opt(
    one('backend', filled(table({ tap: opt(attr('@tap', name)) }, { forgotten: ['@vhost', '@type', '@logFile'] }))),
  ),
  tune: opt(one('tune', filled(table({ sndbuf: opt(leaf('sndbuf', number)) })))),
  /** The other half of a pair of which one takes over while the other is unplugged. */
  teaming: opt(one('teaming', teaming)),
  link: opt(one('link', just(attr('@state', word('up', 'down'))))),
  mtu: opt(one('mtu', just(attr('@size', number)))),
  /** How many frames may arrive before the guest is interrupted. */
  coalesceRxFrames: opt(
    one('coalesce', just(opt(one('rx', just(opt(one('frames', just(opt(attr('@max', number)))))))))),
  ),
  ...deviceInfo,
})

/** A virtual function, or a USB network device, given to the guest as a host device and set up as an interface. */
const hostdevInterface = ruled(
  table(
    {
      managed: opt(attr('@managed', onlyYes)),
      ...networkDevice({
        driver: opt(one('driver', pciDriver(virtioSettings))),
        source: one(
          'source',
          variants(
            {
              attributes: ['type'],
              kindOf({ children }) {
                const address = children.find(({ name }) => name === 'address')
                return address ? address.attributes.type : children.length > 0 ? 'usb' : undefined
              },
              mark: () => ({}),
            },
            {
              pci: table({
                writeFiltering: opt(attr('@writeFiltering', yesNo)),
                address: one("address[@type='pci']", pciAddress),
              }),
              usb: ruled(usbSource("address[@type='usb']"), ({ vendor, address }) =>
                vendor === undefined && !address
                  ? 'names no device; give an address, or vendor and product'
                  : undefined,
              ),
            },
          ),
        ),
        vlan: opt(one('vlan', vlan)),
        virtualPort: opt(one('virtualport', virtualPort)),
      }),
    },
    { order: 'any', forgotten: ['filterref', 'portForward'] },
  ),
  (def) => (def.source.kind === 'usb' ? sitsAt('usb')(def) : sitsAt('pci')(def)),
  ({ port }) => (port?.isolated ? 'has an isolated port, which a host device cannot have' : undefined),
)

/** A vDPA device: the host's half speaks vhost, the guest's half is virtio hardware. */
const vdpaInterface = table(networkDevice({ source: one('source', table({ dev: attr('@dev', deviceName) })) }), {
  order: 'any',
  forgotten: ['filterref', 'portForward', 'driver'],
})

const kinds = variants('type', { hostdev: hostdevInterface, vdpa: vdpaInterface })

/** A network interface of a guest that is a device of its host: `virDomainNetDef`. Plain JSON. */
export type InterfaceDef = Infer<typeof kinds>

/** libvirt's `<interface>` element; kinds that are no device of the host keep their XML. */
export const guestInterface = documentOf('interface', kinds)
