import { VirtError } from '../errors.js'
import type { Infer } from '../xml/codec.js'
import { documentOf } from '../xml/document.js'
import type { XmlElement } from '../xml/element.js'
import { cUint, upTo } from '../xml/number.js'
import { marked } from '../xml/refine.js'
import { attr, opt } from '../xml/row.js'
import { table } from '../xml/table.js'
import { admitting, name } from '../xml/text.js'
import { deviceInfo } from './hostdev/device-info.js'
import { unsignedInt } from './schema-spelling.js'

/** Who plays the controller: Xen's paravirtual backends, or the device model (QEMU). */
export type UsbControllerType = 'pv' | 'qusb' | 'devicemodel'

/**
 * A USB controller of a guest. Xen's PVUSB needs controllers as things of their own; what is absent is chosen by the
 * hypervisor when the controller is attached (`libxl_device_usbctrl`, tools/libs/light/libxl_types.idl).
 */
export interface UsbControllerDef {
  /** Counted from 0. */
  index?: number
  type?: UsbControllerType
  /** USB version: 1, 2 or 3. */
  version?: 1 | 2 | 3
  /** How many devices it takes. */
  ports?: number
  /** QEMU's name for the device, such as `qemu-xhci`, where the device model plays it. */
  model?: string
  /** What libvirt or QEMU calls it. */
  alias?: string
  /** Number of the domain whose backend plays it, where one has it that runs under Xen; 0 is dom0. */
  backend?: number
  /** How far that guest's own driver of it has come, as a state of xenbus: 4 is connected; 0 where it has none. */
  state?: number
}

/** libvirt's models of USB controllers (`virDomainControllerModelUSB`) and the USB version each speaks. */
const versions: ReadonlyMap<string, 1 | 2 | 3> = new Map([
  ...(['piix3-uhci', 'piix4-uhci', 'vt82c686b-uhci', 'pci-ohci'] as const).map((model) => [model, 1] as const),
  ...(['ich9-uhci1', 'ich9-uhci2', 'ich9-uhci3', 'qusb1'] as const).map((model) => [model, 1] as const),
  ...(['ehci', 'ich9-ehci1', 'qusb2'] as const).map((model) => [model, 2] as const),
  ...(['nec-xhci', 'qemu-xhci'] as const).map((model) => [model, 3] as const),
])

const rows = table(
  {
    index: opt(attr('@index', admitting(cUint(10), unsignedInt))),
    model: opt(attr('@model', name)),
    ports: opt(attr('@ports', admitting(upTo(31, cUint(10)), unsignedInt))),
    alias: deviceInfo.alias,
  },
  { order: 'any', forgotten: { address: 'unchecked', driver: 'unchecked', master: 'unchecked', acpi: 'unchecked' } },
)

const element = documentOf('controller', marked({ type: 'usb' }, rows))

function fromRows({ model, ...rest }: Infer<typeof rows>): UsbControllerDef {
  const version = model === undefined ? undefined : versions.get(model)
  const pv = model?.startsWith('qusb')
  return {
    ...rest,
    ...(model !== undefined && { type: pv ? 'qusb' : 'devicemodel', ...(!pv && { model }) }),
    ...(version && { version }),
  }
}

/** `<controller type='usb' index='0' model='qusb2' ports='8'/>`, as libvirt writes it. */
export const usbController = {
  /** @throws VirtError `xml-syntax`, `xml-invalid` */
  parse: (source: string | Uint8Array): UsbControllerDef => fromRows(element.parse(source)),
  /** Reads the element of a larger document. */
  read: (controller: XmlElement): UsbControllerDef => fromRows(element.read(controller)),
  /** @throws VirtError `config-unsupported` for what libvirt has no model of */
  format({ type, version, model, backend: _, state: __, ...rest }: UsbControllerDef): string {
    const paravirtual = type === 'qusb' || (type === undefined && model === undefined && version !== undefined)
    if (type === 'pv' || (paravirtual && version === 3) || (type === 'devicemodel' && model === undefined))
      throw new VirtError(
        'config-unsupported',
        `the USB controller is of type ${type ?? 'any'} and version ${version ?? 'any'}, which libvirt has no model of; name a model`,
      )
    const word = paravirtual ? `qusb${version ?? 2}` : model
    return element.format({ ...rest, ...(word !== undefined && { model: word }) })
  },
}
