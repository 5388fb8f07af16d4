export type { MonitorPlaces } from './backends/qemu/monitors.js'
export { type HostdevManager, hostdevManager, type PreparedHost, type PrepareOptions } from './backends/qemu/prepare.js'
export { type QemuOptions, qemu } from './backends/qemu/qemu.js'
export type { HostdevInterface } from './model/vf-config.js'
