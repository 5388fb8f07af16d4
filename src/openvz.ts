export { type OpenvzOptions, openvz } from './backends/openvz/openvz.js'
export { ContainerConfig } from './formats/container-config.js'
export { type VzctlChange, vzctlSet } from './formats/vzctl.js'
