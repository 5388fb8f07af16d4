import type { Infer } from '../../xml/codec.js'
import { marked, ruled, together } from '../../xml/refine.js'
import { attr, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import type { HostdevDef } from '../hostdev.js'
import { hostdevDialect } from './hostdev-dialect.js'
import { bareHex, paddedDecimal } from './old-numbers.js'

const rows = table({
  vendor: opt(attr('@vendor', bareHex(4, 0xffff))),
  product: opt(attr('@product', bareHex(4, 0xffff))),
  bus: opt(attr('@bus', paddedDecimal(3))),
  device: opt(attr('@device', paddedDecimal(3))),
})
type Attributes = Infer<typeof rows>

const codec = marked(
  { type: 'usb' },
  ruled(rows, together('vendor', 'product'), together('bus', 'device'), ({ vendor, bus }) =>
    (vendor ?? bus) === undefined ? 'names no device' : undefined,
  ),
)

function toDef({ vendor, product, bus, device }: Attributes): HostdevDef {
  const ids = vendor !== undefined && product !== undefined && { vendor, product }
  const address = bus !== undefined && device !== undefined && { address: { bus, device } }
  return { kind: 'usb', managed: false, source: { ...ids, ...address } }
}

function fromDef(def: HostdevDef): Attributes | undefined {
  if (def.kind !== 'usb') return undefined
  const { vendor, product, address } = def.source
  return {
    ...(vendor !== undefined && { vendor }),
    ...(product !== undefined && { product }),
    ...(address?.device !== undefined && { bus: address.bus, device: address.device }),
  }
}

/** `<hostdev type='usb' vendor='0204' product='6025'/>`: the patch quoted in libvir-list's mail of 28 July 2008. */
export const patch2008 = hostdevDialect({
  name: 'patch-2008',
  root: 'hostdev',
  codec,
  speaks: ({ attributes: { mode, vendor, product, bus, device } }) =>
    mode === undefined && [vendor, product, bus, device].some((value) => value !== undefined),
  toDef,
  fromDef,
})
