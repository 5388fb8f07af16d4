import type { JsonSchema } from './codec.js'
import { finding, invalid, unwritable } from './codec.js'
import type { RawXml } from './element.js'
import { place } from './place.js'
import type { Row } from './row.js'
import type { XmlSink } from './sink.js'

// XML 1.0 section 2.3
const nameStart =
  ':A-Z_a-z\\u{c0}-\\u{d6}\\u{d8}-\\u{f6}\\u{f8}-\\u{2ff}\\u{370}-\\u{37d}\\u{37f}-\\u{1fff}\\u{200c}-\\u{200d}' +
  '\\u{2070}-\\u{218f}\\u{2c00}-\\u{2fef}\\u{3001}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{fffd}\\u{10000}-\\u{effff}'
const xmlName = new RegExp(`^[${nameStart}][${nameStart}\\-.\\d\\u{b7}\\u{300}-\\u{36f}\\u{203f}-\\u{2040}]*$`, 'u')

// a def need not come from a document, and a name is written as it stands
function checked(name: string, sink: XmlSink): string {
  if (typeof name !== 'string' || !xmlName.test(name))
    throw unwritable(sink.path, `holds '${String(name).slice(0, 100)}', which is not a name XML allows; rename it`)
  return name
}

/** Writes the attributes and content of an element that is open. */
export function writeRaw(sink: XmlSink, { attributes = {}, content = [] }: RawXml): void {
  for (const [name, value] of Object.entries(attributes)) sink.attribute(checked(name, sink), value)
  if (content.some((node) => typeof node === 'string')) sink.text('')
  for (const node of content) {
    if (typeof node === 'string') {
      sink.text(node)
      continue
    }
    sink.open(checked(node.name, sink))
    writeRaw(sink, node)
    sink.close()
  }
}

/** The JSON Schema of {@link RawXml}, which the whole document's schema defines under this name. */
export const rawSchema: JsonSchema = { $ref: '#/$defs/rawXml' }

export const rawSchemaDefinition: JsonSchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    attributes: { type: 'object', additionalProperties: { type: 'string' } },
    content: { type: 'array', items: { anyOf: [{ type: 'string' }, rawSchema] } },
  },
  required: ['name'],
  additionalProperties: false,
}

/**
 * What libvirt's parser does with a child element of a name it knows, but of a kind it does not: it refuses the
 * document, or only if the child has no `type`.
 */
export type Unknown = 'refused' | 'typed'

/**
 * The children that no other row stands for, kept as they came and written back last, so that what a newer libvirtd
 * says is not lost. Compat reading forgets them, or refuses them by name; strict reading refuses them all.
 */
export const rest = (unknown: Readonly<Record<string, Unknown>> = {}): Row<RawXml[] | undefined> => ({
  place: place('*'),
  optional: true,
  many: true,
  mayLack: true,
  read(element, { strict, compat }) {
    const treatment = compat ? unknown[element.name] : undefined
    if (treatment === 'typed' && element.attributes.type === undefined) throw invalid(element, 'is missing', '/@type')
    if (strict || treatment === 'refused') throw invalid(element, 'is not an element libvirt knows here')
    // the table collects what is read of each element
    return compat ? undefined : (element.toRaw() as unknown as RawXml[])
  },
  write(sink, elements = []) {
    for (const raw of elements) {
      sink.open(checked(raw.name, sink))
      writeRaw(sink, raw)
      sink.close()
    }
  },
  check: (element, findings) => void findings.push(finding(element, 'is not in the schema here')),
  schema: () => ({ type: 'array', items: rawSchema }),
})
