import { type Infer, invalid, type Reading } from '../xml/codec.js'
import { documentOf } from '../xml/document.js'
import { cUint, size, unlessZero } from '../xml/number.js'
import { filled, refined, ruled } from '../xml/refine.js'
import { type AnyRow, attr, leaf, many, one, opt, owed, spared } from '../xml/row.js'
import { just, table } from '../xml/table.js'
import { admitting, matching, name, onlyYes, onOff, word, yesNo } from '../xml/text.js'
import { variants } from '../xml/variants.js'
import { deviceInfo, sitsAt } from './hostdev/device-info.js'
import { pciDriver, teaming } from './hostdev/pci.js'
import { hostdevSource } from './interface/hostdev-source.js'
import { virtualPort } from './interface/virtual-port.js'
import { vlan } from './interface/vlan.js'
import { ipAddress, ipRoute } from './ip-config.js'
import { unicastMac } from './mac-address.js'
import { shape, unsignedInt } from './schema-spelling.js'

const deviceName = admitting(name, shape(/^[\w.\-\\:/]+$/))
const number = admitting(cUint(10), unsignedInt)

/** A positiveInteger of the schema. */
const fromOne = admitting(number, shape(/^[ \t\r\n]*\+?0*[1-9]\d*[ \t\r\n]*$/))

/** What `<driver>` says of a virtio device, which is of no use for a host device. */
const virtioSettings = Object.fromEntries<AnyRow>([
  ...['queues', 'rx_queue_size', 'tx_queue_size'].map((name) => [`@${name}`, attr(`@${name}`, fromOne)] as const),
  ...['ioeventfd', 'event_idx', 'rss', 'rss_hash_report', 'iommu', 'ats', 'packed', 'page_per_vq'].map(
    (name) => [`@${name}`, attr(`@${name}`, onOff)] as const,
  ),
  ['@txmode', attr('@txmode', word('iothread', 'timer'))],
])

const speed = admitting(unlessZero(size), shape(/^0*[1-9]\d*$/))
const path = admitting(name, shape(/^(\/|[a-zA-Z]:\\).+$/))

/** How fast a direction may be: `virNetDevBandwidthRate`, in kilobytes a second and kilobytes. */
const rate = table(
  {
    average: spared(attr('@average', speed)),
    peak: opt(attr('@peak', speed)),
    burst: opt(attr('@burst', speed)),
  },
  { forgotten: { '@floor': attr('@floor', speed) } },
)

/** Rows of an interface around those of its kind, in the order libvirt writes (`virDomainNetDefFormat`). */
const networkDevice = <R extends Record<string, AnyRow>>(rows: R) => ({
  trustGuestRxFilters: opt(attr('@trustGuestRxFilters', yesNo)),
  /** The hardware address in the guest; libvirtd makes one up when it is left out. */
  mac: opt(
    one(
      'mac',
      filled(
        table(
          {
            address: owed(opt(attr('@address', unicastMac))),
            type: opt(attr('@type', word('generated', 'static'))),
            check: opt(attr('@check', yesNo)),
          },
          { forgotten: { '@currentAddress': attr('@currentAddress', unicastMac) } },
        ),
      ),
    ),
  ),
  ...rows,
  bandwidth: opt(
    one(
      'bandwidth',
      filled(
        table(
          { inbound: opt(one('inbound', rate)), outbound: opt(one('outbound', rate)) },
          { forgotten: { '@classID': attr('@classID', fromOne) } },
        ),
      ),
    ),
  ),
  port: opt(one('port', filled(table({ isolated: opt(attr('@isolated', yesNo)) })))),
  ips: opt(many('ip', ipAddress)),
  routes: opt(many('route', ipRoute)),
  script: opt(one('script', just(attr('@path', name)))),
  downscript: opt(one('downscript', just(attr('@path', name)))),
  /** The domain that serves the device, with Xen. */
  backendDomain: opt(one('backenddomain', just(attr('@name', name)))),
  target: opt(
    one('target', table({ dev: attr('@dev', deviceName) }, { forgotten: { '@managed': attr('@managed', yesNo) } })),
  ),
  /** Names in a container: what it was, and what it is to be. */
  guest: opt(
    one('guest', filled(table({ dev: opt(attr('@dev', deviceName)), actual: opt(attr('@actual', deviceName)) }))),
  ),
  model: opt(one('model', just(attr('@type', matching(/^[\w-]+$/, 'a name of letters, digits, _ and -'))))),
  backend: opt(
    one(
      'backend',
      filled(
        table(
          { tap: opt(attr('@tap', path)) },
          {
            forgotten: {
              '@vhost': attr('@vhost', path),
              '@type': attr('@type', word('default', 'passt')),
              '@logFile': attr('@logFile', path),
            },
          },
        ),
      ),
    ),
  ),
  tune: opt(one('tune', filled(table({ sndbuf: opt(leaf('sndbuf', number)) })))),
  /** The other half of a pair of which one takes over while the other is unplugged. */
  teaming: opt(one('teaming', teaming)),
  link: opt(one('link', just(attr('@state', word('up', 'down'))))),
  mtu: opt(one('mtu', just(opt(attr('@size', unlessZero(number)))))),
  /** How many frames may arrive before the guest is interrupted. */
  coalesceRxFrames: opt(
    one('coalesce', just(opt(one('rx', just(opt(one('frames', just(opt(attr('@max', unlessZero(number))))))))))),
  ),
  ...deviceInfo,
})

/** Only a bridge of the host can keep its ports apart. */
const notIsolated = ({ port }: { port?: { isolated?: boolean } }) =>
  port?.isolated ? 'has an isolated port, which only an interface on a bridge can have' : undefined

/** A USB device has no driver to choose, and libvirt forgets one. */
const withoutIdleDriver = <T extends { source: { kind: string }; driver?: unknown }>(
  def: T,
  { compat }: Reading,
): T => {
  if (!compat || def.source.kind !== 'usb') return def
  const { driver: _, ...rest } = def
  return rest as T
}

/** A virtual function, or a USB network device, given to the guest as a host device and set up as an interface. */
const hostdevInterface = ruled(
  refined(
    table(
      {
        managed: opt(attr('@managed', onlyYes)),
        ...networkDevice({
          driver: opt(one('driver', pciDriver(virtioSettings))),
          source: one('source', hostdevSource),
          vlan: opt(one('vlan', vlan)),
          virtualPort: opt(one('virtualport', virtualPort)),
        }),
      },
      { order: 'any', forgotten: { filterref: 'unchecked', portForward: 'unchecked' } },
    ),
    withoutIdleDriver,
  ),
  (def) => (def.source.kind === 'usb' ? sitsAt('usb')(def) : sitsAt('pci')(def)),
  notIsolated,
)

/** A vDPA device: the host's half speaks vhost, the guest's half is virtio hardware. */
const vdpaInterface = ruled(
  table(networkDevice({ source: one('source', table({ dev: attr('@dev', deviceName) })) }), {
    order: 'any',
    forgotten: {
      filterref: 'unchecked',
      portForward: 'unchecked',
      driver: 'unchecked',
      vlan: one('vlan', vlan),
      virtualport: one('virtualport', virtualPort),
    },
  }),
  ({ address }) =>
    address?.kind === 'unassigned' ? "has an address of type 'unassigned', which only a <hostdev> may have" : undefined,
  notIsolated,
)

/** An interface that hangs at no switch; libvirt refuses rather than forgets what is meant for one. */
const withoutPort: typeof vdpaInterface = {
  ...vdpaInterface,
  read(element, reading, told) {
    if (!element.children.some(({ name }) => name === 'virtualport')) return vdpaInterface.read(element, reading, told)
    throw invalid(element, 'has a virtualport, which is for a hostdev or a bridge; remove it')
  },
}

const kinds = variants('type', { hostdev: hostdevInterface, vdpa: withoutPort })

/** A network interface of a guest that is a device of its host: `virDomainNetDef`. Plain JSON. */
export type InterfaceDef = Infer<typeof kinds>

/** libvirt's `<interface>` element; kinds that are no device of the host keep their XML. */
export const guestInterface = documentOf('interface', kinds)
