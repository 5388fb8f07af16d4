export type { MockCall } from './backends/mock/faults.js'
export { hosts } from './backends/mock/hosts/hosts.js'
export { type MockBackend, type MockDomain, type MockOptions, mock } from './backends/mock/mock.js'
export type { FaultOptions, Stage } from './backends/mock/stage.js'
