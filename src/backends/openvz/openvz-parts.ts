import type { ManagedHost } from '../../manager/managed-host.js'
import type { Containers } from './containers.js'
import type { RunningConfig } from './running-config.js'
import type { Vzctl } from './vzctl.js'

/** What the driver of containers works with. */
export interface OpenvzParts {
  readonly containers: Containers
  readonly running: RunningConfig
  readonly host: ManagedHost
  /** The vzctl of this host; without one only configs can be changed. */
  vzctl(signal?: AbortSignal): Promise<Vzctl | undefined>
}
