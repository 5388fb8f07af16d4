import { errorDomains, VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'
import { describeHostdev, sameHostDevice } from '../model/hostdev-match.js'
import type { UsbControllerDef } from '../model/usb-controller.js'
import { edited, itemAdded, itemCut, lineAdded, settingCut, type XlEdit } from './xl-edit.js'
import { readXlController, readXlDevice, writeXlController, writeXlDevice } from './xl-hostdev.js'
import { parseXlSettings, quoteXl, type XlNode, type XlSetting } from './xl-syntax.js'

/** A value of an xl.cfg: text, which a number is too, or a list. */
export type XlValue = string | readonly XlValue[]

/** An item of a list, and how it is taken out. */
interface Item {
  readonly text: string
  readonly cut: () => XlEdit[]
}

/**
 * An xl.cfg, read and edited in place: what is not meant stays as it is, byte for byte, comments and layout included.
 *
 * It is read as xl reads it (tools/libs/util/libxlu_cfg.c, tools/xl/xl_parse.c): the last of a key counts, `+=` adds to
 * it, and a `pci`, `usbdev` or `usbctrl` that is no list says nothing.
 */
export class XlConfig {
  #text = ''
  /** Of each key the settings that make up its value: the last with `=`, and those with `+=` behind it. */
  #settings = new Map<string, XlSetting[]>()

  /** @throws VirtError `invalid-argument` with the line that xl would refuse, `limit-exceeded` beyond 1 MB */
  constructor(text: string) {
    this.#read(text)
  }

  /** The value of a setting. */
  get(key: string): XlValue | undefined {
    const values = this.#standing(key).map(({ value }) => value)
    if (values.length === 0) return undefined
    return values.every(({ kind }) => kind === 'atom') ? values.map(plain).join('') : values.flatMap(plain)
  }

  /** Puts another value in place of a setting's, or adds the setting. @throws VirtError for a key that cannot be one */
  set(key: string, value: XlValue): void {
    if (!/^[a-z][_0-9a-z]*$/.test(key))
      throw new VirtError(
        'invalid-argument',
        `${JSON.stringify(key.slice(0, 100))} is no name of a setting of an xl.cfg`,
      )
    const [first, ...more] = this.#standing(key)
    const text = `${key} = ${written(value)}`
    this.#change([
      first ? { start: first.start, end: first.end, text } : lineAdded(this.#text, text),
      ...more.map((setting) => settingCut(this.#text, setting)),
    ])
  }

  /**
   * The host devices of the guest: PCI, USB, then emulated USB, each in the order of its list.
   *
   * @param strict refuses options that a hostdev has no place for; they are left out otherwise
   */
  hostdevs({ strict = false } = {}): HostdevDef[] {
    return this.#devices(strict).map(({ def }) => def)
  }

  /** Adds a host device; one that is there already stays as it is. @throws VirtError for what xl cannot say */
  add(def: HostdevDef): void {
    const { key, text } = writeXlDevice(def)
    if (!this.hostdevs().some((each) => sameHostDevice(each, def))) this.#append(key, text)
  }

  /** Takes a host device away, wherever it stands. @throws VirtError `device-missing` when it is not there */
  remove(def: HostdevDef): void {
    const found = this.#devices(false).filter((each) => sameHostDevice(each.def, def))
    if (found.length === 0) throw new VirtError('device-missing', `the xl.cfg has no ${describeHostdev(def)}`)
    this.#change(found.flatMap(({ item }) => item.cut()))
  }

  /** The USB controllers of the guest; the index of each is its place in the list. */
  usbControllers(): UsbControllerDef[] {
    return this.#items('usbctrl').map(({ text }, index) => readXlController(text, index))
  }

  /** Adds a USB controller behind those that are there. @throws VirtError for what xl cannot say */
  addController(def: UsbControllerDef): void {
    this.#append('usbctrl', writeXlController(def, this.#items('usbctrl').length))
  }

  /** Takes the last USB controller away; without any other, those behind it would change their numbers. */
  removeController(index: number): void {
    const items = this.#items('usbctrl')
    const last = items.at(-1)
    if (!last || index !== items.length - 1)
      throw new VirtError(
        'invalid-argument',
        `USB controller ${index} is not the last of the ${items.length} in the xl.cfg; take away the last one first`,
      )
    this.#change(last.cut())
  }

  toString(): string {
    return this.#text
  }

  #read(text: string): void {
    const settings = new Map<string, XlSetting[]>()
    for (const setting of parseXlSettings(text)) {
      const { key, adds, value, line } = setting
      const before = adds ? (settings.get(key) ?? []) : []
      if (before[0] && before[0].value.kind !== value.kind)
        throw new VirtError('invalid-argument', `line ${line} of the xl.cfg adds text to a list, or a list to text`, {
          line,
          errorDomain: errorDomains.conf,
        })
      if (before[0]) before.push(setting)
      else settings.set(key, [setting])
    }
    this.#settings = settings
    this.#text = text
  }

  #change(edits: readonly XlEdit[]): void {
    this.#read(edited(this.#text, edits))
  }

  #standing(key: string): readonly XlSetting[] {
    return this.#settings.get(key) ?? []
  }

  #items(key: string): Item[] {
    return this.#standing(key).flatMap(({ value, line }) => {
      if (value.kind === 'atom') return []
      return value.items.map(({ node }, index) => {
        if (node.kind === 'list')
          throw new VirtError('invalid-argument', `${key} in line ${line} of the xl.cfg holds a list, where xl stops`, {
            line,
            errorDomain: errorDomains.conf,
          })
        return { text: node.value, cut: () => [itemCut(this.#text, value, index)] }
      })
    })
  }

  /** Emulated devices are the only ones that may stand alone, in no list. */
  #usbdevices(): Item[] {
    const text = this.get('usbdevice')
    if (typeof text !== 'string') return this.#items('usbdevice')
    return [{ text, cut: () => this.#standing('usbdevice').map((setting) => settingCut(this.#text, setting)) }]
  }

  #devices(strict: boolean): { item: Item; def: HostdevDef }[] {
    const lists = { pci: this.#items('pci'), usbdev: this.#items('usbdev'), usbdevice: this.#usbdevices() } as const
    return (['pci', 'usbdev', 'usbdevice'] as const).flatMap((key) =>
      lists[key].flatMap((item) => {
        const def = readXlDevice({ key, text: item.text }, { strict })
        return def ? [{ item, def }] : []
      }),
    )
  }

  #append(key: string, text: string): void {
    const list = this.#standing(key).at(-1)?.value
    if (list?.kind === 'list') this.#change(itemAdded(this.#text, list, text))
    else this.set(key, [text])
  }
}

const plain = (node: XlNode): XlValue =>
  node.kind === 'atom' ? node.value : node.items.map((item) => plain(item.node))

const written = (value: XlValue): string =>
  typeof value === 'string' ? quoteXl(value) : value.length === 0 ? '[ ]' : `[ ${value.map(written).join(', ')} ]`

/** What a new xl.cfg is made of. */
export interface XlGuest {
  readonly name?: string
  readonly hostdevs?: readonly HostdevDef[]
  readonly usbControllers?: readonly UsbControllerDef[]
}

/**
 * The part of an xl.cfg that this library knows; the rest is for {@link XlConfig.set}.
 * @throws VirtError `config-unsupported`
 */
export function formatXlConfig({ name, hostdevs = [], usbControllers = [] }: XlGuest): string {
  const devices = hostdevs.map(writeXlDevice)
  const textsOf = (key: string) => devices.filter((device) => device.key === key).map(({ text }) => text)
  const settings: Readonly<Record<string, XlValue>> = {
    ...(name !== undefined && { name }),
    pci: textsOf('pci'),
    usbctrl: usbControllers.map(writeXlController),
    usbdev: textsOf('usbdev'),
  }
  return Object.entries(settings)
    .filter(([key, value]) => key === 'name' || value.length > 0)
    .map(([key, value]) => `${key} = ${written(value)}\n`)
    .join('')
}
