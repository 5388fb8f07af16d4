export { type ConnectOptions, connect } from './api/connect.js'
export { Connection, type ListOptions } from './api/connection.js'
export { type DetachRequest, Domain, type HostdevRequest } from './api/domain.js'
export { type EventListener, type EventName, EventWatch } from './api/event-watch.js'
export { Fleet, type FleetOptions, type FleetProgress } from './api/fleet.js'
export type { FleetAnswer, FleetHost } from './api/fleet-host.js'
export type { FollowOptions } from './api/follow.js'
export type { FollowEvent } from './api/follow-event.js'
export type { FollowRule } from './api/follow-one.js'
export type { FollowLimit } from './api/follow-pace.js'
export { parseFollowRules } from './api/follow-rules.js'
export { NodeDevice } from './api/node-device.js'
export type {
  Ability,
  AffectOptions,
  AssignabilityOptions,
  Backend,
  CallOptions,
  ChangeOptions,
  DefOptions,
  DetachHostdevOptions,
  DetachOptions,
  DeviceDriver,
  DeviceEvent,
  DeviceFilter,
  DeviceState,
  DomainDriver,
  DomainEvent,
  DomainInfo,
  DomainState,
  Recovered,
  UpdateOptions,
  Warning,
  Watch,
  WatchOptions,
} from './backend.js'
export { type ErrorCode, type ErrorDetails, VirtError } from './errors.js'
export { type PersistenceForm, persistenceText } from './manager/persistence.js'
export { describeCapability, describeDevice, formatSize } from './model/describe.js'
export type { Assignability, Finding, FindingCode, FindingSeverity } from './model/finding.js'
export { type ConfigStep, describeStep, type HostStep } from './model/host-step.js'
export { type HostdevDef, type HostdevKind, type HostdevOf, hostdev } from './model/hostdev.js'
export { describeHostdev } from './model/hostdev-match.js'
export type { GuestPlace, HostdevTarget } from './model/hostdev-target.js'
export {
  type Capability,
  type CapabilityKind,
  type CapabilityOf,
  capabilityOf,
  type NodeDeviceDef,
  nodeDevice,
} from './model/node-device.js'
export { capabilityFlags } from './model/node-device-flags.js'
export { formatPciAddress, type PciAddress, parsePciAddress } from './model/pci-address.js'
export { type PciCapability, type PciConfig, parsePciConfig } from './model/pci-config.js'
export { parsePciVpd } from './model/pci-vpd.js'
export { type DeviceSelector, matchesSelector } from './model/selector.js'
export { type HostdevProposal, type ToHostdevOptions, toHostdev } from './model/to-hostdev.js'
export type { UsbControllerDef, UsbControllerType } from './model/usb-controller.js'
export { type ValueSource, valueSource } from './model/value-sources.js'
export type { HostdevInterface, VfConfig } from './model/vf-config.js'
