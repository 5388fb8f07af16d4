import type { MockOptions } from '../mock.js'
import { laptop } from './laptop.js'
import { openvzHost } from './openvz-host.js'
import { server } from './server.js'
import { xenHost } from './xen-host.js'

/** Ready hosts, to be used as they are or added to: `mock(hosts.server())`. Each call makes a new one. */
export const hosts = { laptop, server, xenHost, openvzHost } as const satisfies Record<string, () => MockOptions>
