import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { VirtError } from '../../../src/errors.js'
import type { RunCommand } from '../../../src/os/command.js'
import { type Generation, readSettings, type Settings, writeSettings } from './config.js'
import { ContainerDevices } from './devices.js'
import type { Network } from './network.js'
import { parseSet, type Refusal, type SetRequest } from './options.js'
import { changedSettings, checkChanges, readLists, type SetChanges } from './set-changes.js'
import { usage } from './usage.js'
import { vzlist } from './vzlist.js'

/** How a fake vzctl is set up. */
export interface FakeVzctlOptions {
  readonly generation: Generation
  /** A folder that stands for the root of the host's files. */
  readonly root: string
  readonly network: Network
  /** PCI devices of the host. */
  readonly pci?: readonly string[]
  /** vzctl 4 on a kernel that is not OpenVZ's, or on one that says it is and has no /dev/vzctl. */
  readonly kernel?: 'upstream' | 'openvz'
}

/** How a call has ended: `status` is -11 where the program crashed, as Python's subprocess has it. */
export interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const banner = 'Directory /proc/vz not found, assuming non-OpenVZ kernel'
const lost = 'WARNING: Settings were not saved to config and will be lost after CT restart (use --save flag)'

/**
 * Plays vzctl and vzlist of two generations: keeps configs in a folder and interfaces in a {@link Network}, and answers
 * as the real programs were recorded to, their untruths included. A process that dies and another that is started on
 * the same folder are the same host: what runs is kept there too.
 */
export class FakeVzctl {
  readonly calls: string[] = []
  readonly devices = new Map<string, ContainerDevices>()
  readonly generation: Generation
  readonly root: string
  readonly kernel: 'upstream' | 'openvz'
  readonly network: Network
  readonly #pci: readonly string[]
  #macs = 0

  constructor({ generation, root, network, pci = [], kernel = 'upstream' }: FakeVzctlOptions) {
    this.generation = generation
    this.root = root
    this.network = network
    this.kernel = kernel
    this.#pci = pci
    for (const folder of ['etc/vz/conf', 'etc/vz/names', 'vz/private', 'vz/root', 'vz/lock', 'running'])
      mkdirSync(join(root, folder), { recursive: true })
    if (!existsSync(join(root, 'etc/vz/vz.conf')))
      writeFileSync(join(root, 'etc/vz/vz.conf'), `VIRTUOZZO=yes\nLOCKDIR=${join(root, 'vz/lock')}\n`)
  }

  /** Path of a container's config. */
  configOf(id: string): string {
    return join(this.root, 'etc/vz/conf', `${id}.conf`)
  }

  /** Makes a container, that does not run. */
  addContainer(id: string, config: string): void {
    writeFileSync(this.configOf(id), config)
    for (const folder of ['private', 'root']) mkdirSync(join(this.root, 'vz', folder, id), { recursive: true })
  }

  isRunning(id: string): boolean {
    return existsSync(join(this.root, 'running', id))
  }

  /** Settings of a container's config. */
  settings(id: string): Settings {
    const path = this.configOf(id)
    return readSettings(this.generation, existsSync(path) ? readFileSync(path, 'latin1') : '', this.#shown(path))
  }

  readonly run: RunCommand = async (argv) => {
    const ended = await this.execute(argv)
    if (ended.status === 0) return { stdout: ended.stdout, stderr: ended.stderr }
    const stderr = ended.stderr.trimEnd().split('\n').at(-1) ?? ''
    throw new VirtError('operation-failed', `${argv[0]} ended with status ${ended.status}: ${stderr}`, {
      argv,
      stderr,
      ...(ended.status > 0 && { exitStatus: ended.status }),
    })
  }

  /** Runs a command to its end. @throws VirtError `unsupported` for programs that it does not play */
  async execute(argv: readonly string[]): Promise<Ended> {
    this.calls.push(argv.join(' '))
    const [program, ...words] = argv
    if (program === 'vzlist') return vzlist(this, words)
    if (program === 'ip') return await this.#ip(argv)
    if (program !== 'vzctl') throw new VirtError('unsupported', `${program} is not installed`, { argv })
    return await this.#vzctl(words.filter((word) => !['--quiet', '--verbose', '--skiplock'].includes(word)))
  }

  async #ip([, ...words]: readonly string[]): Promise<Ended> {
    const [json, option, container = '', ...rest] = words
    if (json !== '-json' || option !== '-netns' || rest.join(' ') !== 'link show') return said(255, '', 'what?')
    const inside = await this.network.inside(container)
    return inside === undefined
      ? said(255, '', `Cannot open network namespace "${container}": No such file or directory`)
      : said(0, inside)
  }

  async #vzctl([verb, given, ...words]: readonly string[]): Promise<Ended> {
    if (verb === '--version') return said(0, this.generation === 4 ? 'vzctl version 4.11.1' : 'vzctl version 9.0.1')
    if (verb === undefined || verb === '--help') return said(verb === undefined ? 20 : 0, usage[this.generation], '')
    const verbs = ['set', 'unset', 'status', 'start', 'stop', 'exec', 'exec2']
    if (!verbs.includes(verb)) return said(20, '', `Bad command: ${verb}`)
    const id = this.#idOf(given ?? '')
    if (id === undefined)
      return said(21, '', this.generation === 4 ? `Bad CT ID ${given}` : `Invalid ctid is specified: ${given}`)
    if (verb === 'status') return said(0, this.#status(id))
    if (verb === 'set') return await this.#set(id, words)
    if (verb === 'unset') return this.#unset(id, words)
    if (verb === 'start') return await this.#start(id)
    if (verb === 'stop') return await this.#stop(id)
    if (!this.isRunning(id)) return this.#said(31, [], ['Container is not running'])
    return this.#said(Number(/^exit (\d+)$/.exec(words.join(' '))?.[1] ?? 0), [], [])
  }

  #status(id: string): string {
    const kind = existsSync(this.configOf(id)) ? 'exist' : 'deleted'
    const state = this.isRunning(id) ? 'mounted running' : 'unmounted down'
    return `${this.generation === 4 ? 'CTID' : 'VEID'} ${id} ${kind} ${state}`
  }

  async #start(id: string): Promise<Ended> {
    if (this.isRunning(id)) return this.#said(32, [], ['Container is already running'])
    const home = join('/vz/private', id)
    if (!existsSync(join(this.root, home))) return this.#said(43, [], [`Container private area ${home} does not exist`])
    await this.network.start(id)
    writeFileSync(join(this.root, 'running', id), '')
    this.devices.set(id, new ContainerDevices())
    const { netdev } = this.#lists(id)
    const errors: string[] = []
    for (const name of netdev) errors.push(await this.network.moveIn(name, id))
    return this.#said(0, ['Starting container...', 'Container is mounted'], errors.filter(Boolean))
  }

  async #stop(id: string): Promise<Ended> {
    if (!this.isRunning(id)) return this.#said(0, [], ['Unable to stop: container is not running'])
    await this.network.stop(id)
    rmSync(join(this.root, 'running', id))
    this.devices.delete(id)
    return this.#said(0, ['Stopping container ...', 'Container was stopped', 'Container is unmounted'], [])
  }

  #unset(id: string, words: readonly string[]): Ended {
    const keys: Readonly<Record<string, string>> = { '--netdev_add': 'NETDEV', '--pci_add': 'PCI' }
    const keyed = words.flatMap((word) => keys[word] ?? []).map((key) => [key, null] as const)
    this.#write(id, new Map(keyed))
    return this.#said(0, [`Unset parameters for Container ${id}`], [])
  }

  async #set(id: string, words: readonly string[]): Promise<Ended> {
    const parsed = parseSet(this.generation, id, words)
    if ('status' in parsed) return refused(parsed)
    const mac = () => `00:18:51:${[this.#macs++, 0, 1].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
    const changes = checkChanges({ generation: this.generation, container: id, pci: this.#pci, mac }, parsed.changes)
    if ('status' in changes) return refused(changes)
    if (this.#isLocked(id)) return this.#said(9, [], ['Container already locked'])
    writeFileSync(this.#lockOf(id), `${process.pid}\n`)
    try {
      return await this.#apply(id, parsed, changes)
    } finally {
      rmSync(this.#lockOf(id), { force: true })
    }
  }

  async #apply(id: string, { save, force, changes: asked }: SetRequest, changes: SetChanges): Promise<Ended> {
    const lists = this.#lists(id)
    if (lists.refusal) return refused(lists.refusal)
    const written = changedSettings(this.generation, lists, changes)
    const running = this.isRunning(id)
    const out: string[] = []
    const errors = [...lists.warnings]
    if (asked.length > 0 && this.generation === 4 && this.kernel === 'openvz') {
      errors.push('Unable to open /dev/vzctl: No such file or directory')
      errors.push(
        'Please check that vzdev kernel module is loaded and you have sufficient permissions to access the file.',
      )
      if (!(save && force)) return this.#said(5, out, errors)
    }
    if (!running && !save && asked.length > 0) {
      if (this.generation === 4)
        return this.#said(31, out, [...errors, 'Unable to setup network devices: container is not running'])
      return this.#said(0, [...out, 'WARNING: Container is not running, parameters were not applied'], errors)
    }
    if (!written) return { ...this.#said(-11, out, errors), status: -11 }
    const status = running ? await this.#applyLive(id, changes, out, errors) : 0
    if (changes.name !== undefined) out.push(`Name ${changes.name} assigned`)
    if (status !== 0 && this.generation === 4) return this.#said(status, out, errors)
    if (!save) return this.#said(status, asked.length > 0 ? [...out, lost] : out, errors)
    if (asked.length === 0) return this.#said(0, [...out, 'No changes in CT configuration, not saving'], errors)
    this.#write(id, written)
    const saved =
      this.generation === 4
        ? `CT configuration saved to ${this.#shown(this.configOf(id))}`
        : `Saved parameters for Container ${id}`
    return this.#said(status, [...out, saved], errors)
  }

  /** A running container is changed first; what the scripts say goes to standard error, and 4 does not mind it. */
  async #applyLive(id: string, changes: SetChanges, out: string[], errors: string[]): Promise<number> {
    const said: string[] = []
    for (const name of changes.netdev.del) said.push(await this.network.moveOut(name, id))
    for (const name of changes.netdev.add) said.push(await this.network.moveIn(name, id))
    errors.push(...said.filter(Boolean))
    const devices = this.devices.get(id) ?? new ContainerDevices()
    if (changes.nodes.length + changes.numbers.length > 0) out.push('Setting devices')
    for (const { name, letters } of changes.nodes) devices.setNode(name, letters)
    for (const { name, letters } of changes.numbers) devices.setNumber(name, letters)
    this.devices.set(id, devices)
    for (const { ifname, hostName } of changes.netif.add) {
      out.push(`Configure veth devices: ${hostName} `)
      await this.network.pair(hostName, ifname, id)
    }
    if (this.generation === 4) return 0
    const failed = said.find(Boolean)
    return failed === undefined ? 0 : failed.includes('non-existent') ? 3 : 104
  }

  #lists(id: string) {
    return readLists({ generation: this.generation, pci: this.#pci }, this.settings(id), this.#shown(this.configOf(id)))
  }

  /** Both follow links, and neither keeps the mode. A config that is not there is made. */
  #write(id: string, changes: ReadonlyMap<string, string | null>): void {
    const path = this.configOf(id)
    const real = existsSync(path) ? realpathSync(path) : path
    const before = existsSync(real) ? readFileSync(real, 'latin1') : ''
    const partial = join(dirname(real), `${id}.conf.tmp`)
    writeFileSync(partial, writeSettings(this.generation, before, changes), { encoding: 'latin1', mode: 0o644 })
    renameSync(partial, real)
  }

  /** A number, which 4 reads as such; a UUID; or a name: a link to a config, or what a config says. */
  #idOf(given: string): string | undefined {
    if (/^\d+$/.test(given) || (given === '' && this.generation === 4)) return String(Number(given))
    if (this.generation === 9 && /^\{?[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\}?$/i.test(given))
      return given.replace(/[{}]/g, '')
    const link = join(this.root, 'etc/vz/names', given)
    if (given !== '' && lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink())
      return /(\d+)\.conf$/.exec(realpathSync(link))?.[1]
    const ids = readdirSync(join(this.root, 'etc/vz/conf')).flatMap((file) => /^(\d+)\.conf$/.exec(file)?.[1] ?? [])
    return given === '' ? undefined : ids.find((id) => this.settings(id).values.get('NAME') === given)
  }

  #lockOf(id: string): string {
    return join(this.root, 'vz/lock', `${id}.lck`)
  }

  /** A lock whose process has gone is none. */
  #isLocked(id: string): boolean {
    if (!existsSync(this.#lockOf(id))) return false
    const pid = /^\d+/.exec(readFileSync(this.#lockOf(id), 'utf8'))?.[0]
    return pid !== undefined && existsSync(`/proc/${pid}`)
  }

  #shown(path: string): string {
    return path.slice(this.root.length)
  }

  #said(status: number, out: readonly string[], errors: readonly string[]): Ended {
    const shows = this.generation === 4 && this.kernel === 'upstream'
    return said(status, (shows ? [banner, ...out] : out).join('\n'), errors.join('\n'))
  }
}

const said = (status: number, stdout: string, stderr = ''): Ended => ({
  status,
  stdout: stdout === '' ? '' : `${stdout}\n`,
  stderr: stderr === '' ? '' : `${stderr}\n`,
})

const refused = ({ status, stderr }: Refusal): Ended => said(status, '', stderr)
