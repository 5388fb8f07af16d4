import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

/** Reads a file that grows. */
export class OutputReader {
  #offset = 0
  #text = ''
  readonly #decoder = new StringDecoder('utf8')
  readonly #buffer = Buffer.alloc(65_536)

  constructor(
    readonly file: string,
    readonly onText: (text: string) => void = () => {},
  ) {}

  /** All that was read until now. */
  get text(): string {
    return this.#text
  }

  /** Reads what has been added; a file that is not there yet is empty. */
  read(): void {
    const descriptor = open(this.file)
    if (descriptor === undefined) return
    try {
      for (let count = -1; count !== 0; ) {
        count = readSync(descriptor, this.#buffer, 0, this.#buffer.length, this.#offset)
        const text = this.#decoder.write(this.#buffer.subarray(0, count))
        this.#offset += count
        this.#text += text
        if (text !== '') this.onText(text)
      }
    } finally {
      closeSync(descriptor)
    }
  }
}

function open(file: string): number | undefined {
  try {
    return openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
