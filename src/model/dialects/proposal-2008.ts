import type { Infer } from '../../xml/codec.js'
import { ruled, together } from '../../xml/refine.js'
import { attr, one, opt } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { name, type Text } from '../../xml/text.js'
import { type Tell, variants } from '../../xml/variants.js'
import type { HostdevDef } from '../hostdev.js'
import { id2008, pciAddress2008, usbAddress2008 } from './hardware-2008.js'
import { hostdevDialect } from './hostdev-dialect.js'
import { driveName, pciName } from './old-numbers.js'

const id = just(id2008)

const usb = table({
  source: one(
    'source',
    ruled(
      table(
        {
          product: opt(one('product', id)),
          vendor: opt(one('vendor', id)),
          address: opt(usbAddress2008),
        },
        { order: 'any' },
      ),
      together('vendor', 'product'),
      ({ vendor, address }) => (vendor === undefined && !address ? 'names no device' : undefined),
    ),
  ),
})

/** Where the guest is to see the device. */
const target = <T>(address: Text<T>) => opt(one('target', just(attr('@address', address))))

const pci = table({ source: one('source', just(pciAddress2008)), target: target(pciName) })

const byName = one('source', just(attr('@name', name)))

/**
 * `mode='bus' bus='usb|pci'` is hardware, `mode='capability'` what the host's kernel makes of it:
 * a net device unless told.
 */
const tell: Tell = {
  attributes: ['mode', 'bus', 'type'],
  kindOf: ({ attributes: { mode, bus, type } }) => (mode === 'bus' ? bus : (type ?? 'net')),
  mark: (kind) =>
    kind === 'usb' || kind === 'pci'
      ? { mode: 'bus', bus: kind }
      : { mode: 'capability', ...(kind !== 'net' && { type: kind }) },
}

const codec = variants(tell, {
  usb,
  pci,
  net: table({ source: byName }),
  scsi: table({ source: byName, target: target(driveName) }),
  storage: table({ source: byName }),
})
type Proposal = Infer<typeof codec>

function toDef(old: Proposal): HostdevDef | undefined {
  switch (old.kind) {
    case 'usb': {
      const { address, ...ids } = old.source
      const place = address && { address: { bus: address.bus, device: address.dev } }
      return { kind: 'usb', managed: false, source: { ...ids, ...place } }
    }
    case 'pci':
      return {
        kind: 'pci',
        managed: false,
        source: { address: old.source },
        ...(old.target && { address: { kind: 'pci', ...old.target } }),
      }
    case 'net':
      return { kind: 'net', source: { interface: old.source } }
    case 'scsi':
      return {
        kind: 'scsi',
        managed: false,
        source: { kind: 'generic', name: old.source },
        ...(old.target && { address: { kind: 'drive', ...old.target } }),
      }
    case 'storage':
      return { kind: 'storage', source: { block: old.source.startsWith('/') ? old.source : `/dev/${old.source}` } }
    default:
      return undefined
  }
}

function fromDef(def: HostdevDef): Proposal | undefined {
  switch (def.kind) {
    case 'usb': {
      const { vendor, product, address } = def.source
      return {
        kind: 'usb',
        source: {
          ...(product !== undefined && { product }),
          ...(vendor !== undefined && { vendor }),
          ...(address?.device !== undefined && { address: { bus: address.bus, dev: address.device } }),
        },
      }
    }
    case 'pci': {
      const { domain, bus, slot, function: fn } = def.address?.kind === 'pci' ? def.address : {}
      const given = domain !== undefined && bus !== undefined && slot !== undefined && fn !== undefined
      return {
        kind: 'pci',
        source: def.source.address,
        ...(given && { target: { domain, bus, slot, function: fn } }),
      }
    }
    case 'net':
      return { kind: 'net', source: def.source.interface }
    case 'scsi': {
      if (def.source.kind !== 'generic') return undefined
      const { controller = 0, bus = 0, target = 0, unit = 0 } = def.address?.kind === 'drive' ? def.address : {}
      return {
        kind: 'scsi',
        source: def.source.name,
        ...(def.address?.kind === 'drive' && { target: { controller, bus, target, unit } }),
      }
    }
    case 'storage':
      return { kind: 'storage', source: def.source.block.replace(/^\/dev\//, '') }
    default:
      return undefined
  }
}

/** `<hostdev mode='bus'>` and `<hostdev mode='capability'>`, proposed on libvir-list on 28 July 2008. */
export const proposal2008 = hostdevDialect({
  name: 'proposal-2008',
  root: 'hostdev',
  codec,
  speaks: ({ attributes: { mode } }) => mode === 'bus' || mode === 'capability',
  toDef,
  fromDef,
})
