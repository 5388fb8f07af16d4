export type { MonitorPlaces } from './backends/qemu/monitors.js'
export { type QemuOptions, qemu } from './backends/qemu/qemu.js'
