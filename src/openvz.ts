export { type OpenvzOptions, openvz } from './backends/openvz/openvz.js'
export { type ConfigWord, ContainerConfig } from './formats/container-config.js'
export { configWord, containerHostdevs } from './formats/container-hostdevs.js'
export { type VzctlChange, vzctlSet } from './formats/vzctl.js'
