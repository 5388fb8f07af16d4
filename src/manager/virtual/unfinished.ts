import { VirtError } from '../../errors.js'
import { bootId } from '../../host/plain-files.js'
import type { ManagedDevice } from '../host-device.js'
import { Journal } from '../journal.js'
import type { ManagedHost } from '../managed-host.js'

/** Refuses a change of devices of which another was cut off. @throws VirtError `operation-invalid` (libvirt's 55) */
export function refuseUnfinished({ files, state }: ManagedHost, devices: readonly ManagedDevice[]): void {
  for (const { pid, change } of Journal.unfinished(state, bootId(files)))
    for (const { key, name } of devices)
      if (change.devices.some((each) => each.key === key))
        throw new VirtError(
          'operation-invalid',
          `${name} was left by process ${pid} in the middle of a ${change.verb}; recover it: hostdev recover`,
          { device: name },
        )
}
