import { isUtf8 } from 'node:buffer'
import { errorDomains, VirtError } from '../../errors.js'

const newline = 0x0a

/**
 * Cuts what a monitor says into JSON objects: one on each line, or many lines long from a monitor set to `pretty=on`.
 */
export class JsonReader {
  #chunks: Buffer[] = []
  #size = 0
  #pretty: string[] = []

  /**
   * `max` is the largest object, in bytes; `deliver` gets each. Both what is larger and what is no JSON object throws.
   */
  constructor(
    private readonly max: number,
    private readonly deliver: (object: Readonly<Record<string, unknown>>) => void,
  ) {}

  push(chunk: Buffer): void {
    let rest = chunk
    for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
      this.#keep(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
      const line = Buffer.concat(this.#chunks)
      this.#chunks = []
      if (!isUtf8(line)) throw malformed('what is not UTF-8')
      this.#line(line.toString().trimEnd())
    }
    if (rest.length > 0) this.#keep(rest)
  }

  #keep(bytes: Buffer): void {
    this.#size += bytes.length
    if (this.#size > this.max) throw malformed(`more than ${this.max} bytes at once; raise maxReply if that is right`)
    this.#chunks.push(bytes)
  }

  #line(line: string): void {
    // Pretty-printed objects begin and end with a brace that stands alone; nothing inside them does.
    if (line === '{' || this.#pretty.length > 0) {
      this.#pretty.push(line)
      if (line !== '}') return
    }
    const text = this.#pretty.length > 0 ? this.#pretty.join('\n') : line
    this.#pretty = []
    this.#size = 0
    if (text !== '') this.deliver(parse(text))
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed(`${JSON.stringify(text.slice(0, 60))}, which is not JSON`)
  }
  if (!isObject(value)) throw malformed(`${text.slice(0, 60)}, which is no JSON object`)
  return value
}

/** Whether a value read from JSON is an object. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const malformed = (what: string): VirtError =>
  new VirtError('rpc', `QEMU's monitor said ${what}`, { errorDomain: errorDomains.qemu })
