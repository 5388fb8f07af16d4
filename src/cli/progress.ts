import type { FleetProgress } from '../index.js'
import { cut, type Terminal } from './terminal.js'

/** The part of standard error that a progress bar needs. */
export interface BarStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const barWidth = 24
const clear = '\r\u001b[K'
/** Milliseconds between two pictures; more often the eye does not follow. */
const pause = 50

/** How far a fleet has come, in one line that is painted anew; nothing at all where there is no terminal. */
export class ProgressBar {
  readonly #stream: BarStream | undefined
  #text = ''
  #painted = Number.NEGATIVE_INFINITY

  constructor(stream: BarStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream.isTTY && env.TERM !== 'dumb' ? stream : undefined
  }

  show({ total, answered, failed }: Omit<FleetProgress, 'host'>): void {
    const done = answered + failed
    const filled = '#'.repeat(total === 0 ? barWidth : Math.floor((barWidth * done) / total))
    this.#text = `[${filled.padEnd(barWidth)}] ${done} of ${total} hosts${failed > 0 ? `, ${failed} failed` : ''}`
    if (performance.now() - this.#painted >= pause) this.#paint()
  }

  /** Takes the bar away. */
  end(): void {
    this.#text = ''
    this.#stream?.write(clear)
  }

  /** The same terminal, with the bar always below what is written. */
  below(terminal: Terminal): Terminal {
    if (this.#stream === undefined) return terminal
    return {
      ...terminal,
      write: (text) => {
        this.#stream?.write(clear)
        terminal.write(text)
        this.#paint()
      },
    }
  }

  #paint(): void {
    if (this.#text === '') return
    this.#painted = performance.now()
    this.#stream?.write(`\r${cut(this.#text, (this.#stream.columns || 80) - 1)}\u001b[K`)
  }
}
