import { VirtError } from '../../errors.js'
import { type Codec, invalid } from '../../xml/codec.js'
import { lost } from '../loss.js'

/** How an old form is turned into a def and back. */
export interface Translation<Old, Def> {
  /** What the form is called. */
  readonly name: string
  /** What a def is, for messages: `the hostdev`. */
  readonly noun: string
  readonly codec: Codec<Old>
  toDef(old: Old): Def | undefined
  /** As much of a def as the form can say; `undefined` when it has no such kind. */
  fromDef(def: Def): Old | undefined
}

/** What reads an old form into a def, and writes it. */
export type Translated<Def> = Pick<Codec<Def>, 'read' | 'write'>

/**
 * A codec by translation. What the form cannot say is found by reading back what would be written, so that nothing is
 * dropped: writing throws VirtError `config-unsupported`, which names it.
 */
export function translated<Old, Def>({ name, noun, codec, toDef, fromDef }: Translation<Old, Def>): Translated<Def> {
  const unsayable = (what: string) =>
    new VirtError('config-unsupported', `${noun} has ${what}, which the form ${name} cannot say; use libvirt's form`)
  return {
    read(element, reading, told) {
      const def = toDef(codec.read(element, reading, told))
      if (def === undefined) throw invalid(element, `is of no kind that ${name} has`)
      return def
    },
    write(sink, def, writing) {
      const old = fromDef(def)
      if (old === undefined) throw unsayable(`kind ${(def as { kind?: string }).kind}`)
      const missing = lost(def, toDef(old))
      if (missing.length > 0) throw unsayable(missing.join(', '))
      codec.write(sink, old, writing)
    },
  }
}
