import { type Infer, invalid } from '../../xml/codec.js'
import { rest } from '../../xml/raw.js'
import { refined } from '../../xml/refine.js'
import { attr, body, leaf, many, one, opt, owed } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting, str, type Text } from '../../xml/text.js'
import { shape } from '../schema-spelling.js'

const field = admitting(str, shape(/^[\dA-F -_,.:;=a-z]{0,255}$/))

/** The digit or letter after V or Y in a field's keyword; libvirt passes over a field with more than one. */
const index = (admitted: RegExp): Text<string> => ({
  ...str,
  is: 'a digit or an upper-case letter',
  from: (text, { compat }) => (compat || /^[\dA-Z]$/.test(text) ? text : undefined),
  admits: shape(admitted),
  schema: { type: 'string', pattern: '^[\\dA-Z]$' },
})

const numbered = (admitted: RegExp) =>
  table({
    /** The digit or letter after V or Y in the field's keyword. */
    index: attr('@index', index(admitted)),
    value: body(field),
  })

type Numbered = Infer<ReturnType<typeof numbered>>

const vendorFields = opt(many('vendor_field[@index]', numbered(/^[\dA-Z]$/)))
const systemFields = opt(many('system_field[@index]', numbered(/^[\dB-Z]$/)))

/**
 * The same with what libvirt keeps of a member: one field of each index, at the place of the first and
 * with the value of the last.
 */
function unique<K extends string, D extends { [member in K]?: Numbered[] }>(def: D, member: K): D {
  const { [member]: fields, ...others } = def
  const held = new Map<string, Numbered>()
  // it compares a single byte, so that no letter beyond ASCII is one
  for (const each of fields ?? [])
    if (each.index.length === 1 && each.index <= '\x7f' && each.value !== '') held.set(each.index, each)
  return { ...others, ...(held.size > 0 && { [member]: [...held.values()] }) } as D
}

const readOnly = table({
  changeLevel: opt(leaf('change_level', field)),
  manufactureId: opt(leaf('manufacture_id', field)),
  partNumber: opt(leaf('part_number', field)),
  serialNumber: opt(leaf('serial_number', field)),
  vendorFields,
})

const readWrite = table({ assetTag: opt(leaf('asset_tag', field)), vendorFields, systemFields })

/** Vital product data of a PCI device: `virPCIVPDResource`; PCI Local Bus Specification 3.0, appendix I. */
export const vpd = refined(
  table({
    /** The identifier string, tag 0x82; absent where the device has none. */
    name: owed(opt(leaf('name', field))),
    /** Fields of VPD-R, tag 0x90. */
    readOnly: opt(
      one(
        "fields[@access='readonly']",
        refined(readOnly, (def, { compat }) => (compat ? unique(def, 'vendorFields') : def)),
      ),
    ),
    /** Fields of VPD-W, tag 0x91. */
    readWrite: opt(
      one(
        "fields[@access='readwrite']",
        refined(readWrite, (def, { compat }) => (compat ? unique(unique(def, 'vendorFields'), 'systemFields') : def)),
      ),
    ),
    other: rest({ fields: 'refused' }),
  }),
  (def, { compat }, element) => {
    // libvirt writes data that have none, and does not read what it wrote
    if (compat && def.name === undefined) throw invalid(element, 'is missing', '/name')
    return def
  },
)

/** Vital product data of a PCI device. */
export interface Vpd extends Infer<typeof vpd> {}
