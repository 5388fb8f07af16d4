import { spawn } from 'node:child_process'
import type { CommandOutput, RunCommand } from '../../src/os/command.js'
import { type Answer, Denied, type HostFiles } from '../../src/os/host-files.js'
import type { MemoryFile } from '../../src/os/host-files-memory.js'
import type { HostWrites, WriteEnd, WriteOptions } from '../../src/os/host-writes.js'
import { ip } from './iproute.js'
import { mdevctl, VirtualDevices } from './virtual-devices.js'

/** A host's files, and how the kernel changes them: in memory, or in a folder that several processes share. */
export interface KernelTree extends HostFiles {
  set(path: string, file: MemoryFile): void
  delete(path: string): void
}

/** Which devices a driver takes by itself: PCI ids `8086:10d3`, or classes of USB interfaces `03`. */
export type DriverTable = Readonly<Record<string, readonly string[]>>

type Bus = 'pci' | 'usb'

const pciback = '/sys/bus/pci/drivers/pciback/'

/** What a fake kernel knows beside its tree. */
export interface KernelOptions {
  readonly drivers?: { readonly pci?: DriverTable; readonly usb?: DriverTable }
  /** Modules that can be loaded, and the PCI driver that each brings. */
  readonly modules?: Readonly<Record<string, string>>
  /** Drivers that take whatever is bound to them by hand, and nothing else. */
  readonly byHand?: readonly string[]
}

/**
 * Plays the kernel: binds and unbinds drivers in a tree as drivers/base/bus.c and drivers/pci/pci-driver.c do. All that
 * it knows of devices stands in the tree, so that another process can go on with it.
 */
export class FakeKernel implements HostWrites {
  /** Every value that was written, in order: `value > path`. */
  readonly log: string[] = []
  /** Files whose writes hang: the driver lets go of the device, but the write does not return. */
  readonly hanging = new Set<string>()
  /** Files whose writes are refused, and the errno. */
  readonly refusing = new Map<string, string>()
  /** Drivers whose probe fails. */
  readonly unwilling = new Set<string>()
  /** Whether the drivers of network cards refuse to let a virtual function have no hardware address. */
  strict = false
  /** Called before each write and command, with its number from 1; a test kills the process here. */
  before: ((count: number) => void) | undefined
  #count = 0
  readonly #virtual: VirtualDevices

  constructor(
    readonly tree: KernelTree,
    readonly options: KernelOptions = {},
  ) {
    this.#virtual = new VirtualDevices(tree)
    for (const bus of ['pci', 'usb'] as const)
      for (const driver of Object.keys(options.drivers?.[bus] ?? {})) this.addDriver(bus, driver)
  }

  allowed(path: string): Answer<true> {
    const stat = this.tree.stat(path)
    if (stat instanceof Denied) return stat
    const errno = this.refusing.get(path)
    return errno === 'EACCES' || errno === 'EROFS' ? new Denied(errno, path) : true
  }

  async write(path: string, value: string, { keeping }: WriteOptions = {}): Promise<Answer<WriteEnd>> {
    this.before?.(++this.#count)
    this.log.push(`${value} > ${path}`)
    const errno = this.refusing.get(path) ?? (this.tree.stat(path) instanceof Denied ? 'ENOENT' : undefined)
    if (errno) return new Denied(errno, path)
    const virtual = this.#virtual.take(path, value)
    const failed = virtual === undefined ? this.#take(path, value) : virtual
    if (failed !== undefined && failed !== 'taken') return new Denied(failed, path)
    if (!this.hanging.has(path)) return 'done'
    // what hangs holds on to its lock, and to nothing of this process
    if (keeping !== undefined) {
      const holder = spawn('sleep', ['5'], { stdio: ['ignore', 'ignore', 'ignore', keeping], detached: true })
      this.#letGo = () => holder.kill()
      holder.unref()
    }
    return 'pending'
  }

  async read(path: string): Promise<Answer<string>> {
    const bytes = this.tree.bytes(path)
    return bytes instanceof Denied ? bytes : new TextDecoder().decode(bytes)
  }

  readonly run: RunCommand = async (argv, { stdin = '' } = {}): Promise<CommandOutput> => {
    this.before?.(++this.#count)
    this.log.push(argv.join(' '))
    if (argv[0] === 'ip') return ip(this.tree, argv, { strict: this.strict })
    if (argv[0] === 'mdevctl') return mdevctl(this.tree, argv, String(stdin))
    const driver = this.options.modules?.[argv[1] ?? '']
    if (argv[0] === 'modprobe' && driver !== undefined) this.addDriver('pci', driver)
    return { stdout: '', stderr: '' }
  }

  /** Ends the write that hangs. */
  letGo(): void {
    this.#letGo()
  }

  /** The driver of a device; `null` when it has none. */
  driverOf(bus: Bus, device: string): string | null {
    const link = this.tree.link(`/sys/bus/${bus}/devices/${device}/driver`)
    return link instanceof Denied ? null : (link.split('/').at(-1) ?? null)
  }

  /** The override of a PCI function; empty when it has none. */
  overrideOf(device: string): string {
    const value = this.#text(`/sys/bus/pci/devices/${device}/driver_override`)
    return value === '(null)' ? '' : value
  }

  /** Driver and override of every PCI function, and driver of every USB interface: what must be as it was. */
  drivers(): Record<string, string> {
    const found: Record<string, string> = {}
    for (const bus of ['pci', 'usb'] as const)
      for (const device of this.tree.list(`/sys/bus/${bus}/devices`) as string[])
        found[device] = [this.driverOf(bus, device) ?? '-', this.overrideOf(device)].join(' ').trim()
    return found
  }

  #letGo = (): void => {}

  /** As when its module is loaded. */
  addDriver(bus: Bus, driver: string): void {
    for (const file of ['bind', 'unbind']) this.tree.set(`/sys/bus/${bus}/drivers/${driver}/${file}`, '')
    this.tree.set(`/sys/bus/${bus}/drivers_probe`, '')
    if (driver === 'pciback')
      for (const file of ['slots', 'new_slot', 'remove_slot', 'permissive', 'quirks'])
        this.tree.set(`${pciback}${file}`, '')
  }

  /** The effect of a value, or the errno. */
  #take(path: string, value: string): string | undefined {
    if (path.startsWith(pciback)) {
      const failed = this.#slots(path.slice(pciback.length), value)
      if (failed !== false) return failed ?? undefined
    }
    const [, bus, ...steps] = /^\/sys\/bus\/(pci|usb)\/([^/]+)(?:\/([^/]+)\/([^/]+))?$/.exec(path) ?? []
    const [folder, name, file] = steps
    if (folder === 'devices') {
      if (file === 'driver_override') this.tree.set(this.#real(path), `${value.trim() || '(null)'}\n`)
      return undefined
    }
    return this.#change(bus as Bus, value, file ?? folder ?? '', name)
  }

  /**
   * What pciback does with a function's number beside binding it
   * (drivers/xen/xen-pciback/pci_stub.c): errno, or `null`.
   */
  #slots(file: string, device: string): string | null | false {
    const slots = this.#text(`${pciback}slots`).split('\n').filter(Boolean)
    if (file === 'new_slot') this.tree.set(`${pciback}slots`, `${[...slots, device].join('\n')}\n`)
    else if (file !== 'remove_slot') return file === 'permissive' || file === 'quirks' ? null : false
    else if (!slots.includes(device)) return 'ENOENT'
    else
      this.tree.set(
        `${pciback}slots`,
        slots
          .filter((slot) => slot !== device)
          .map((slot) => `${slot}\n`)
          .join(''),
      )
    return null
  }

  /** pciback takes none but those whose numbers it was told. */
  #isInSlot(driver: string, device: string): boolean {
    return driver !== 'pciback' || this.#text(`${pciback}slots`).split('\n').includes(device)
  }

  #change(bus: Bus, device: string, what: string, driver = ''): string | undefined {
    if (this.tree.stat(`/sys/bus/${bus}/devices/${device}`) instanceof Denied) return 'ENODEV'
    const link = `${this.#real(`/sys/bus/${bus}/devices/${device}`)}/driver`
    const bound = this.driverOf(bus, device)
    if (what === 'unbind') {
      if (bound !== driver) return 'ENODEV'
      this.tree.delete(link)
      return undefined
    }
    const byHand = what === 'bind' && this.options.byHand?.includes(driver)
    const found = byHand && this.#isInSlot(driver, device) ? driver : this.#match(bus, device)
    if (what === 'bind' && (bound !== null || found !== driver)) return bound === null ? 'ENODEV' : 'EBUSY'
    if (bound === null && found !== undefined && !this.unwilling.has(found))
      this.tree.set(link, { link: `/sys/bus/${bus}/drivers/${found}` })
    return undefined
  }

  #match(bus: Bus, device: string): string | undefined {
    const text = (file: string) => this.#text(`/sys/bus/${bus}/devices/${device}/${file}`)
    const drivers = this.tree.list(`/sys/bus/${bus}/drivers`)
    if (drivers instanceof Denied) return undefined
    const override = bus === 'pci' ? this.overrideOf(device) : ''
    if (override !== '') return drivers.find((driver) => driver === override)
    const id = bus === 'pci' ? `${text('vendor')}:${text('device')}`.replaceAll('0x', '') : text('bInterfaceClass')
    return drivers.find((driver) => this.options.drivers?.[bus]?.[driver]?.includes(id))
  }

  #real(path: string): string {
    const real = this.tree.real(path)
    return real instanceof Denied ? path : real
  }

  #text(path: string): string {
    const bytes = this.tree.bytes(path)
    return bytes instanceof Denied ? '' : new TextDecoder().decode(bytes).trim()
  }
}
