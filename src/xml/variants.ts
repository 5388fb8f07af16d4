import type { Codec, Infer } from './codec.js'
import { finding, invalid, unwritable } from './codec.js'
import { type RawXml, XmlElement } from './element.js'
import { rawSchema, writeRaw } from './raw.js'
import { withTokens } from './schema-check.js'
import type { XmlSink } from './sink.js'

type Flat<T> = { [K in keyof T]: T[K] } & {}

/** A kind no table knows: its element is kept as it came and written back, so that a newer libvirtd loses nothing. */
export interface Other {
  kind: 'other'
  /** What the document calls the kind. */
  type: string
  xml: RawXml
}

/** Tables by the word that picks one of them. */
// biome-ignore lint/suspicious/noExplicitAny: arms are of different types by nature
export type Arms = Record<string, Codec<any>>

/** The union that variants read: each arm's def with `kind` as its tag. */
export type Union<A extends Arms> = { [K in keyof A]: Flat<{ kind: K } & Infer<A[K]>> }[keyof A]

/** Variants keep their arms, so that documentation and tests can walk them. */
export interface Variants<A extends Arms> extends Codec<Union<A> | Other> {
  readonly arms: A
}

/** How an element says which kind it is, where that is not one attribute's value. */
export interface Tell {
  /** The attributes that say it, the telling one last. */
  readonly attributes: readonly [string, ...string[]]
  kindOf(element: XmlElement): string | undefined
  /** The attributes of an element of that kind. */
  mark(kind: string): Readonly<Record<string, string>>
}

const byAttribute = (attribute: string): Tell => ({
  attributes: [attribute],
  kindOf: (element) => element.attributes[attribute],
  mark: (kind) => ({ [attribute]: kind }),
})

export interface VariantsOptions {
  /** Kinds that libvirt writes and its own parser refuses; compat reading does too. */
  unread?: readonly string[]
  /** Kinds that libvirt does not have: its schema does not, and compat reading refuses them. */
  ours?: readonly string[]
}

/**
 * Tables told apart by an attribute, whose value becomes `kind`, or by a function. A kind that no table has is kept
 * raw, or refused in strict and compat reading.
 */
export function variants<A extends Arms>(
  by: string | Tell,
  arms: A,
  { unread = [], ours = [] }: VariantsOptions = {},
): Variants<A> {
  const byName = new Map(Object.entries(arms))
  const tell = typeof by === 'string' ? byAttribute(by) : by
  const marks = new Map(Object.keys(arms).map((kind) => [kind, Object.entries(tell.mark(kind))]))
  const told = tell.attributes
  const step = `/@${told.at(-1)}`
  const known = [...byName.keys()].filter((kind) => !ours.includes(kind)).join(', ')
  const writeOther = (sink: XmlSink, xml: RawXml) => {
    const kind = tell.kindOf(XmlElement.fromRaw({ name: xml.name, attributes: xml.attributes ?? {} }))
    if (kind !== undefined && byName.has(kind)) throw unwritable(sink.path, `is kept raw, but ${kind} is a known kind`)
    writeRaw(sink, xml)
  }
  return {
    arms,
    read(element, reading, outer = []) {
      const type = tell.kindOf(element)
      if (type === undefined) throw invalid(element, `is missing; it is one of ${known}`, step)
      const arm = reading.compat && [...unread, ...ours].includes(type) ? undefined : byName.get(type)
      if (arm) {
        const def = arm.read(element, reading, outer.length > 0 ? [...outer, ...told] : told, type)
        return def.kind === undefined ? { kind: type, ...def } : def
      }
      if (reading.strict || reading.compat)
        throw invalid(element, `is '${type.slice(0, 100)}', which is none of ${known}`, step)
      return { kind: 'other', type, xml: element.toRaw() }
    },
    write(sink, value: Union<A> | Other, writing) {
      if (value.kind === 'other') return writeOther(sink, (value as Other).xml)
      const arm = byName.get(value.kind as string)
      if (!arm) throw unwritable(sink.path, `cannot be of kind '${String(value.kind)}'`)
      for (const [name, word] of marks.get(value.kind as string) ?? []) sink.attribute(name, word)
      arm.write(sink, value, writing)
    },
    check(element, findings, outer = []) {
      const kind = tell.kindOf(withTokens(element)) ?? ''
      const arm = ours.includes(kind) ? undefined : byName.get(kind)
      if (arm) arm.check(element, findings, [...outer, ...told])
      else findings.push(finding(element, `is none of ${known}`, step))
    },
    schema: () => ({
      oneOf: [
        ...[...byName].map(([kind, arm]) => withKind(kind, arm.schema())),
        {
          type: 'object',
          properties: { kind: { const: 'other' }, type: { type: 'string' }, xml: rawSchema },
          required: ['kind', 'type', 'xml'],
          additionalProperties: false,
        },
      ],
    }),
  }
}

function withKind(kind: string, schema: { readonly [key: string]: unknown }) {
  return {
    ...schema,
    properties: { kind: { const: kind }, ...(schema.properties as object | undefined) },
    required: ['kind', ...((schema.required as string[] | undefined) ?? [])],
  }
}
