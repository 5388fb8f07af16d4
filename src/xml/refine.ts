import type { Codec, Infer, Reading } from './codec.js'
import { finding, invalid, unwritable } from './codec.js'
import type { XmlElement } from './element.js'
import { withTokens } from './schema-check.js'

/** What is wrong with a def, as the end of a sentence that begins with the element's path. */
export type Rule<T> = (def: T) => string | undefined

/** The rule that two members of a def come together or not at all. */
export function together<A extends string, B extends string>(one: A, other: B): Rule<{ [member in A | B]?: unknown }> {
  return (def) =>
    (def[one] === undefined) === (def[other] === undefined)
      ? undefined
      : `has only one of ${one} and ${other}; give both`
}

/**
 * The same codec, whose defs must also satisfy rules that no single row can say. They hold when reading and writing.
 *
 * @throws VirtError `xml-invalid` from reading, `invalid-argument` from writing
 */
// biome-ignore lint/suspicious/noExplicitAny: the def's type is the codec's own
export function ruled<C extends Codec<any>>(codec: C, ...rules: Rule<Infer<C>>[]): C {
  const broken = (def: Infer<C>) => {
    for (const rule of rules) {
      const problem = rule(def)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  return {
    ...codec,
    read(element, reading, told) {
      const def = codec.read(element, reading, told)
      const problem = broken(def)
      if (problem !== undefined) throw invalid(element, problem)
      return def
    },
    write(sink, def, writing) {
      const problem = broken(def)
      if (problem !== undefined) throw unwritable(sink.path, problem)
      codec.write(sink, def, writing)
    },
  }
}

/** The same codec, which changes what it has read. */
// biome-ignore lint/suspicious/noExplicitAny: the def's type is the codec's own
export function refined<C extends Codec<any>>(
  codec: C,
  change: (def: Infer<C>, reading: Reading, element: XmlElement) => Infer<C>,
): C {
  return { ...codec, read: (element, reading, told) => change(codec.read(element, reading, told), reading, element) }
}

/** The same codec, which takes an element that says nothing for one that is absent. */
export function filled<T extends object>(codec: Codec<T>): Codec<T> {
  const said = refined(codec, (def) => (Object.keys(def).length > 0 ? def : (undefined as unknown as T)))
  return { ...said, schema: () => ({ ...codec.schema(), minProperties: 1 }) }
}

/** The same codec, with one more demand of libvirt's schema on the whole element. */
// biome-ignore lint/suspicious/noExplicitAny: the def's type is the codec's own
export function checked<C extends Codec<any>>(codec: C, rule: (element: XmlElement) => string | undefined): C {
  return {
    ...codec,
    check(element, findings, told) {
      codec.check(element, findings, told)
      const problem = rule(element)
      if (problem !== undefined) findings.push(finding(element, problem))
    },
  }
}

/** The same codec, of an element that also bears attributes which are always the same. */
export function marked<T>(marks: Readonly<Record<string, string>>, codec: Codec<T>): Codec<T> {
  const names = Object.keys(marks)
  const wrong = (element: XmlElement) => names.find((name) => element.attributes[name] !== marks[name])
  return {
    ...codec,
    read(element, reading, told = []) {
      const name = wrong(element)
      if (name !== undefined) throw invalid(element, `is not '${marks[name]}'`, `/@${name}`)
      return codec.read(element, reading, [...told, ...names])
    },
    write(sink, def, writing) {
      for (const [name, value] of Object.entries(marks)) sink.attribute(name, value)
      codec.write(sink, def, writing)
    },
    check(element, findings, told = []) {
      const name = wrong(withTokens(element))
      if (name !== undefined) findings.push(finding(element, `is not '${marks[name]}'`, `/@${name}`))
      codec.check(element, findings, [...told, ...names])
    },
  }
}
