import { VirtError } from '../../src/errors.js'
import type { RunCommand } from '../../src/os/command.js'

/** A container as a fake vzctl knows it. */
export interface FakeContainer {
  running: boolean
  /** Interfaces that are inside. */
  interfaces: Set<string>
}

/** Moves an interface into a container, or back; answers whether it was there. */
export type Mover = (name: string, container: string, direction: 'in' | 'out') => boolean

/** How one generation of vzctl differs from the other, as far as `set` is about devices (seen in recorded runs). */
const generations = {
  4: { stoppedStatus: 31, version: 'vzctl version 4.11.1' },
  7: { stoppedStatus: 0, version: 'vzctl version 9.0.1' },
} as const

/**
 * Plays vzctl and vzlist: keeps which containers run and what is in them, and answers as the real programs were
 * recorded to, their untruths included: a move that failed is told on standard error, with status 0.
 */
export class FakeVzctl {
  readonly containers = new Map<string, FakeContainer>()
  readonly calls: string[] = []
  readonly #generation: (typeof generations)[4 | 7]
  readonly #move: Mover

  constructor(generation: 4 | 7, move: Mover) {
    this.#generation = generations[generation]
    this.#move = move
  }

  readonly run: RunCommand = async (argv) => {
    this.calls.push(argv.join(' '))
    const [program, verb] = argv
    if (program === 'vzlist') return this.#list()
    if (program !== 'vzctl') throw new VirtError('unsupported', `${program} is not installed`, { argv })
    if (verb === '--version') return said(this.#generation.version)
    return this.#set(argv)
  }

  #list() {
    const rows = [...this.containers].map(
      ([id, { running }]) => `${id.padStart(10)} ${running ? 'running' : 'stopped'}`,
    )
    return said(rows.join('\n'))
  }

  #set(argv: readonly string[]) {
    const [, , id = '', ...options] = argv
    const container = this.containers.get(id)
    if (!container) throw exit(argv, 14, 'Container config file does not exist')
    if (!container.running && !options.includes('--save')) {
      const { stoppedStatus } = this.#generation
      if (stoppedStatus !== 0) throw exit(argv, stoppedStatus, 'Container is not running')
      return said('Warning: parameters were not applied')
    }
    const [option = '', name = ''] = options
    const direction = option === '--netdev_add' ? 'in' : option === '--netdev_del' ? 'out' : undefined
    if (direction === undefined || !container.running) return said('')
    if (/^(venet|tun|tap|lo)/.test(name)) throw exit(argv, 21, `Unable to use reserved name ${name}`)
    if (!this.#move(name, id, direction)) return { stdout: '', stderr: `Can't move non-existent interface ${name}` }
    if (direction === 'in') container.interfaces.add(name)
    else container.interfaces.delete(name)
    return said('')
  }
}

const said = (stdout: string) => ({ stdout, stderr: '' })

const exit = (argv: readonly string[], exitStatus: number, stderr: string) =>
  new VirtError('operation-failed', `vzctl ended with status ${exitStatus}: ${stderr}`, { argv, exitStatus, stderr })
