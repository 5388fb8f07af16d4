import type { DeviceDriver } from '../backend.js'
import type { LinuxHost } from './linux-host.js'

/** What every backend on a Linux host answers by reading it. */
export const readingCalls = (host: LinuxHost): DeviceDriver => ({
  list: (filter, options) => host.list(filter, options),
  state: async (name) => host.state(name),
  lookup: (name, options) => host.lookup(name, options),
  lookupByKey: (key) => host.nameAt(key),
  companionPort: async (port) => host.companionPort(port),
  defs: (filter, options) => host.defs(filter, options),
  warnings: () => host.warnings(),
})
