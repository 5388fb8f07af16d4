import type { Warning } from '../backend.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import { attributeText, decodeText, parseNumber } from './text.js'
import { addProperty, readUdevRecord, type UdevRecord } from './udev-database.js'

/** Errnos that say that a file is not there, which is nobody's fault: devices come and go. */
const absent = ['ENOENT', 'ENODEV', 'ENXIO', 'ENOTDIR']

/**
 * One device of sysfs, for as long as it takes to read it. Asks for a file when that is wanted, and never throws for
 * what it finds: what cannot be read is `undefined`, with a warning unless it is just not there. Names of files are
 * below the device's folder, or whole paths.
 */
export class SysfsDevice {
  readonly warnings: Warning[] = []
  readonly #files: HostFiles
  #path: string | undefined
  #uevent: ReadonlyMap<string, string> | undefined
  #udev: UdevRecord | null | undefined
  /** What the device's folder holds, once that has been listed. */
  #there: readonly string[] | undefined

  constructor(
    files: HostFiles,
    /** The bus or class: `pci`, `net`. */
    readonly subsystem: string,
    /** The kernel's name: `0000:00:02.0`. */
    readonly sysname: string,
    /** The folder, maybe by way of a link such as /sys/bus/pci/devices/0000:00:02.0. */
    readonly at: string,
  ) {
    this.#files = files
  }

  /** Folder below /sys/devices: libvirt's `<path>`. */
  get path(): string {
    this.#path ??= this.#target() ?? this.at
    return this.#path
  }

  /** Name of the folder above: the device's parent in the kernel's own tree. */
  get folderAbove(): string {
    return this.path.split('/').at(-2) ?? ''
  }

  /** A device in this one's folder, of the same bus or class. */
  below(name: string): SysfsDevice {
    return new SysfsDevice(this.#files, this.subsystem, name, `${this.at}/${name}`)
  }

  /**
   * Lists the device's folder, so that what is not there need not be asked for: each file that Node is denied costs it
   * an Error, which takes longer than the listing. Worth it before a device is read in full.
   */
  lookAround(): void {
    const names = this.#files.list(this.at)
    this.#there = names instanceof Denied ? undefined : names
  }

  /** Text of an attribute. */
  text(attribute: string): string | undefined {
    const bytes = this.bytes(attribute)
    return bytes && attributeText(bytes)
  }

  /** Number in an attribute; nonsense in it is warned of. */
  number(attribute: string, base: 10 | 16 = 10): number | undefined {
    const text = this.text(attribute)
    const value = text === undefined ? undefined : parseNumber(text, base)
    if (text !== undefined && value === undefined) this.warn(attribute, `holds '${text.slice(0, 100)}', not a number`)
    return value
  }

  /** Bytes of a binary attribute; good until the next call. */
  bytes(attribute: string, max?: number, from?: number): Uint8Array | undefined {
    if (this.#lacks(attribute)) return undefined
    return this.#got(attribute, this.#files.bytes(this.#file(attribute), max, from))
  }

  /** The same for an attribute that may take long. */
  async bytesLater(attribute: string, max: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#got(attribute, await this.#files.bytesLater(this.#file(attribute), max, signal ? { signal } : {}))
  }

  /** Whether there is such a file, folder or link. */
  has(name: string): boolean {
    return !this.#lacks(name) && !(this.#files.stat(this.#file(name)) instanceof Denied)
  }

  /** Size in bytes that the kernel declares for a binary attribute. */
  size(attribute: string): number | undefined {
    const stat = this.#lacks(attribute) ? undefined : this.#files.stat(this.#file(attribute))
    return stat === undefined || stat instanceof Denied ? undefined : stat.size
  }

  /** Names in a folder of the device; none when there is no such folder. */
  list(folder: string): string[] {
    if (folder === '' && this.#there) return [...this.#there]
    return this.#lacks(folder) ? [] : (this.#got(folder, this.#files.list(this.#file(folder))) ?? [])
  }

  /** Name of what a link leads to: that of the driver, for `driver`. */
  linkName(link: string): string | undefined {
    if (this.#lacks(link)) return undefined
    const target = this.#got(link, this.#files.link(this.#file(link)))
    return target?.slice(target.lastIndexOf('/') + 1) || undefined
  }

  /** What the kernel says in the device's `uevent`. Not to be asked of PCI devices: theirs may block for ever. */
  get uevent(): ReadonlyMap<string, string> {
    if (!this.#uevent) {
      const found = new Map<string, string>()
      const bytes = this.bytes('uevent')
      for (const line of bytes ? decodeText(bytes).split('\n') : []) addProperty(found, line)
      this.#uevent = found
    }
    return this.#uevent
  }

  /** What udev knows of the device; `undefined` where udevd does not run. */
  get udev(): UdevRecord | undefined {
    if (this.#udev === undefined) this.#udev = readUdevRecord(this.#files, this.#udevId()) ?? null
    return this.#udev ?? undefined
  }

  /** A property as libudev has it: udev's word goes before the kernel's. */
  property(key: string): string | undefined {
    return this.udev?.properties.get(key) ?? this.uevent.get(key)
  }

  /** Device node: /dev/sda. */
  get devnode(): string | undefined {
    const name = this.uevent.get('DEVNAME')
    return name && `/dev/${name}`
  }

  warn(attribute: string, problem: string): void {
    this.warnings.push({ path: this.#file(attribute), problem })
  }

  /** Whether the listed folder shows that there is no such thing. */
  #lacks(name: string): boolean {
    if (this.#there === undefined || name.startsWith('/')) return false
    const slash = name.indexOf('/')
    return !this.#there.includes(slash < 0 ? name : name.slice(0, slash))
  }

  #file(name: string): string {
    if (name.startsWith('/')) return name
    return name === '' ? this.at : `${this.at}/${name}`
  }

  /** Where the link leads that the device was found by. */
  #target(): string | undefined {
    const target = this.#files.link(this.at)
    if (target instanceof Denied) return undefined
    if (target.startsWith('/')) return target
    let folder = above(this.at)
    let from = 0
    for (; target.startsWith('../', from); from += 3) folder = above(folder)
    // the kernel has no other dots in its links; a tree that somebody made may
    if (!target.includes('/.', from)) return `${folder}/${target.slice(from)}`
    const steps = folder.split('/')
    for (const step of target.slice(from).split('/')) {
      if (step === '..') steps.pop()
      else if (step !== '.' && step !== '') steps.push(step)
    }
    return steps.join('/')
  }

  #udevId(): string {
    if (this.subsystem === 'net') return `n${this.number('ifindex')}`
    const [major, minor] = ['MAJOR', 'MINOR'].map((key) => parseNumber(this.uevent.get(key) ?? ''))
    if (major !== undefined && minor !== undefined) return `${this.subsystem === 'block' ? 'b' : 'c'}${major}:${minor}`
    return `+${this.subsystem}:${this.sysname}`
  }

  #got<T>(name: string, answer: T | Denied): T | undefined {
    if (!(answer instanceof Denied)) return answer
    if (!absent.includes(answer.errno)) this.warn(name, `cannot be read (${answer.errno})`)
    return undefined
  }
}

const above = (path: string): string => path.slice(0, path.lastIndexOf('/'))
