export type { OpenMonitor } from './backends/xen/device-model.js'
export type { Via } from './backends/xen/via.js'
export { type XenOptions, xen } from './backends/xen/xen.js'
export { formatXlConfig, XlConfig, type XlGuest, type XlValue } from './formats/xl-config.js'
export {
  readXlController,
  readXlDevice,
  writeXlController,
  writeXlDevice,
  type XlDevice,
  type XlDeviceKey,
} from './formats/xl-hostdev.js'
export type { XlText } from './formats/xl-options.js'
export { type XlPciAddress, type XlPciSpec, xlPciSpec } from './formats/xl-pci.js'
export {
  type XlUsbctrl,
  type XlUsbdev,
  type XlUsbdevice,
  xlUsbctrl,
  xlUsbdev,
  xlUsbdevice,
} from './formats/xl-usb.js'
