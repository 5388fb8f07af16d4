import { VirtError } from '../../errors.js'
import type { Codec, Reading, Writing } from '../../xml/codec.js'
import type { XmlElement } from '../../xml/element.js'
import type { XmlSink } from '../../xml/sink.js'
import type { HostdevDef } from '../hostdev.js'
import { lost } from '../loss.js'

/** A way of writing a hostdev in XML other than libvirt's. */
export interface HostdevDialect {
  readonly root: string
  /** Whether an element of that root is written so. */
  speaks(element: XmlElement): boolean
  read(element: XmlElement, reading: Reading): HostdevDef
  /** @throws VirtError `config-unsupported`, which names what the dialect cannot say */
  write(sink: XmlSink, def: HostdevDef, writing: Writing): void
}

/** A dialect from the codec of its element and the translation of what that reads. */
export function hostdevDialect<T>(dialect: {
  readonly name: string
  readonly root: string
  readonly codec: Codec<T>
  speaks(element: XmlElement): boolean
  toDef(old: T): HostdevDef | undefined
  /** As much of a def as the dialect can say; `undefined` when it has no such kind. */
  fromDef(def: HostdevDef): T | undefined
}): HostdevDialect {
  const { name, root, codec } = dialect
  const unsayable = (what: string) =>
    new VirtError(
      'config-unsupported',
      `the hostdev has ${what}, which the form ${name} cannot say; use libvirt's form`,
    )
  return {
    root,
    speaks: dialect.speaks,
    read(element, reading) {
      const def = dialect.toDef(codec.read(element, reading))
      if (!def)
        throw new VirtError('xml-invalid', `${element.path} is of no kind that ${name} has`, { path: element.path })
      return def
    },
    write(sink, def, writing) {
      const old = dialect.fromDef(def)
      if (old === undefined) throw unsayable(`kind ${def.kind}`)
      const missing = lost(def, dialect.toDef(old))
      if (missing.length > 0) throw unsayable(missing.join(', '))
      codec.write(sink, old, writing)
    },
  }
}
