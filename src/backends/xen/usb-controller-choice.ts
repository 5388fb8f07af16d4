import { errorDomains, VirtError } from '../../errors.js'
import type { UsbControllerDef } from '../../model/usb-controller.js'

/** A controller with everything chosen that its def leaves open. */
export type ChosenController = Required<Pick<UsbControllerDef, 'type' | 'version' | 'ports'>>

/** What the choice depends on. */
export interface ControllerSurroundings {
  /** What kind of guest it is, as libxl has it: `pv`, `pvh`, `hvm`. */
  readonly guest: string
  /** Whether dom0's kernel plays the backend itself. */
  readonly hasUsbback: boolean
}

/** The most ports that the protocol has (USBIF_MAX_PORTNR, xen/include/public/io/usbif.h). */
const maxPorts = 31

/** Ports of the controllers that QEMU plays, by USB version; xHCI takes from 1 to 15 (tools/libs/light/libxl_usb.c). */
const modelPorts = { 1: 2, 2: 6, 3: 8 } as const
const maxXhciPorts = 15

/**
 * Chooses as libxl does (`libxl__device_usbctrl_setdefault`): paravirtual unless the guest is HVM, by dom0's kernel
 * where that can, else by QEMU; USB 2 and 8 ports.
 *
 * @throws VirtError `config-unsupported` for what there is no such controller of
 */
export function chooseController(
  { type: asked, version = 2, ports, model }: UsbControllerDef,
  { guest, hasUsbback }: ControllerSurroundings,
): ChosenController {
  const paravirtual = hasUsbback ? 'pv' : 'qusb'
  const type = asked ?? (guest === 'hvm' ? 'devicemodel' : paravirtual)
  if (type === 'devicemodel') {
    if (guest !== 'hvm')
      throw unsayable('of type devicemodel, and only HVM guests have one for devices', 'leave the type out')
    const count = modelPorts[version]
    if (version === 3 && ports !== undefined && (ports < 1 || ports > maxXhciPorts))
      throw unsayable(`of version 3 with ${ports} ports`, `such ones have 1 to ${maxXhciPorts}`)
    if (version !== 3 && ports !== undefined && ports !== count)
      throw unsayable(`of type devicemodel and version ${version} with ${ports} ports`, `such ones have ${count}`)
    return { type, version, ports: ports ?? count }
  }
  if (model !== undefined) throw unsayable(`${type} with the model ${model}`, 'only those of type devicemodel have one')
  if (version === 3) throw unsayable('paravirtual and of version 3', 'such ones speak 1 or 2')
  if (ports !== undefined && (ports < 1 || ports > maxPorts))
    throw unsayable(`of ${ports} ports`, `such ones have 1 to ${maxPorts}`)
  return { type, version, ports: ports ?? 8 }
}

const unsayable = (what: string, instead: string): VirtError =>
  new VirtError('config-unsupported', `the USB controller is ${what}; ${instead}`, { errorDomain: errorDomains.xen })
