import type { create } from 'xmlbuilder2'
import type { HostdevDef } from '../model/hostdev.js'
import type { InterfaceDef } from '../model/interface.js'
import type { NodeDeviceDef } from '../model/node-device.js'
import type { WriteOptions } from '../xml/document.js'
import type { XmlSink } from '../xml/sink.js'
import { checkCharacters } from '../xml/writer.js'
import { type AnyDef, documentFor } from './any-def.js'

/** An element of an xmlbuilder2 document, or the document. */
export type XMLBuilder = ReturnType<typeof create>

/**
 * A value as xmlbuilder2 writes it whole. It leaves what looks like a reference alone, so that `&lt;` would be read
 * back as `<`, and writes line breaks and tabs as they are, which a parser would make blanks of in an attribute.
 */
const whole = (value: string, breaks: RegExp): string =>
  value.replace(/&(?=[A-Za-z]+;|#\d+;)/g, '&amp;').replace(breaks, (character) => `&#${character.charCodeAt(0)};`)

/** Writes into an xmlbuilder2 element, by names and values only: `ele()` would parse markup, fragments slow it down. */
class BuilderSink implements XmlSink {
  #open: XMLBuilder
  readonly #names: string[]

  constructor(element: XMLBuilder, name: string) {
    this.#open = element
    this.#names = [name]
  }

  get path(): string {
    return `/${this.#names.join('/')}`
  }

  open(name: string): void {
    this.#names.push(name)
    this.#open = this.#open.ele(name)
  }

  attribute(name: string, value: string): void {
    checkCharacters(value, this)
    this.#open.att(name, whole(value, /[\t\n\r]/g))
  }

  text(value: string): void {
    checkCharacters(value, this)
    this.#open.txt(whole(value, /\r/g))
  }

  close(): void {
    this.#names.pop()
    this.#open = this.#open.up()
  }
}

function append(parent: XMLBuilder, def: AnyDef, { compat = false }: WriteOptions = {}): XMLBuilder {
  const { root, codec } = documentFor(def)
  const element = parent.ele(root)
  try {
    codec.write(new BuilderSink(element, root), def, { compat })
    return element
  } catch (error) {
    element.remove()
    throw error
  }
}

/**
 * Writes a `<hostdev>` into an xmlbuilder2 element; answers the new element's builder. Values come out of the built
 * document as they went in, though as xmlbuilder2's objects they show references.
 *
 * @throws VirtError `invalid-argument` for what XML cannot hold
 */
export const appendHostdev = (parent: XMLBuilder, def: HostdevDef, options?: WriteOptions): XMLBuilder =>
  append(parent, def, options)

/** Writes an `<interface>` that is a device of the host into an xmlbuilder2 element. */
export const appendInterface = (parent: XMLBuilder, def: InterfaceDef, options?: WriteOptions): XMLBuilder =>
  append(parent, def, options)

/** Writes a `<device>` into an xmlbuilder2 element, or as the root of a new document. */
export const appendNodeDevice = (parent: XMLBuilder, def: NodeDeviceDef, options?: WriteOptions): XMLBuilder =>
  append(parent, def, options)
