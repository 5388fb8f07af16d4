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
}
