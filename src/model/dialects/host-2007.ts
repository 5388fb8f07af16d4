import type { Infer } from '../../xml/codec.js'
import type { XmlElement } from '../../xml/element.js'
import { ruled, together } from '../../xml/refine.js'
import { attr, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { variants } from '../../xml/variants.js'
import type { GuestAddress } from '../hostdev/guest-address.js'
import type { HostdevDef } from '../hostdev.js'
import { hostdevDialect } from './hostdev-dialect.js'
import { bareHex, busDevice, pciName } from './old-numbers.js'

const id = bareHex(4, 0xffff)

const targetPlace = just(attr('@dev', busDevice))

const usb = table({
  source: one(
    'source',
    ruled(
      table({
        /** What a user writes. */
        device: opt(attr('@device', busDevice)),
        /** The same as the hypervisor writes it, once it has filled in the target. */
        dev: opt(attr('@dev', busDevice)),
        vendor: opt(attr('@vendor', id)),
        product: opt(attr('@product', id)),
      }),
      together('vendor', 'product'),
      ({ device, dev, vendor }) => ((device ?? dev ?? vendor) === undefined ? 'names no device' : undefined),
    ),
  ),
  /** Bus and number in the guest, by which the device is detached. */
  target: opt(one('target', targetPlace)),
})

const pci = table({ source: one('source', just(attr('@dev', pciName))) })

const codec = variants('bus', { usb, pci })
type Host = Infer<typeof codec>

function toDef(host: Host): HostdevDef | undefined {
  if (host.kind === 'pci') return { kind: 'pci', managed: false, source: { address: host.source } }
  if (host.kind !== 'usb') return undefined
  const { source, target } = host
  const { device: address = source.dev, vendor, product } = source
  return {
    kind: 'usb',
    managed: false,
    source: { ...(vendor !== undefined && product !== undefined && { vendor, product }), ...(address && { address }) },
    ...(target && { address: { kind: 'usb', bus: target.bus, port: String(target.device) } }),
  }
}

function fromDef(def: HostdevDef): Host | undefined {
  if (def.kind === 'pci') return { kind: 'pci', source: def.source.address }
  if (def.kind !== 'usb') return undefined
  const { vendor, product, address } = def.source
  const { bus = 0, port = '' } = def.address?.kind === 'usb' ? def.address : {}
  const target = /^\d+$/.test(port) ? { bus, device: Number(port) } : undefined
  const place = address?.device === undefined ? undefined : { bus: address.bus, device: address.device }
  return {
    kind: 'usb',
    source: {
      ...(place && (target ? { dev: place } : { device: place })),
      ...(vendor !== undefined && { vendor }),
      ...(product !== undefined && { product }),
    },
    ...(target && { target }),
  }
}

/**
 * The place in the guest that `<target dev='001.005'/>` names, alone or as all that a `<host bus='usb'>` holds;
 * `undefined` for any other element.
 */
export function readHost2007Target(element: XmlElement): GuestAddress | undefined {
  const [only] = element.children
  const inHost = element.name === 'host' && element.children.length === 1 && only?.name === 'target'
  const target = element.name === 'target' ? element : inHost ? only : undefined
  if (!target) return undefined
  const { bus, device } = targetPlace.read(target, { strict: false, compat: false, warn: () => {} })
  return { kind: 'usb', bus, port: String(device) }
}

/** `<host bus='usb'>`, proposed on libvir-list on 19 July 2007. */
export const host2007 = hostdevDialect({ name: 'host-2007', root: 'host', codec, speaks: () => true, toDef, fromDef })

/**
 * The mail's own example leaves `<source …>` open. Closes such a tag; `undefined` when the text is not of that kind.
 */
export function closeSource(text: string): string | undefined {
  const open = /^(\s*<host\b[^<>]*>\s*<source\b[^<>]*[^<>/])>(\s*(?:<target\b[^<>]*\/>\s*)?<\/host>\s*)$/.exec(text)
  return open ? `${open[1]}/>${open[2]}` : undefined
}
