import { deadline, type Limits } from '../../async/deadline.js'
import { errorDomains, VirtError } from '../../errors.js'
import type { ByteStream } from '../../os/socket.js'
import { QmpClient, type QmpClientOptions } from './client.js'

/** How a monitor is opened. */
export interface MonitorOptions extends QmpClientOptions {
  /** Aborting it ends the opening. */
  readonly signal?: Limits['signal']
  /** Milliseconds to wait for QEMU's greeting; 5 seconds unless told. */
  readonly greetingTimeout?: number | undefined
}

/**
 * Waits for the greeting of the QEMU at the other end of a stream and makes its monitor ready for commands. A
 * monitor serves one client at a time; the next one connects but is not greeted, which is `resource-busy`. On
 * failure the stream is closed.
 */
export async function openMonitor(stream: ByteStream, options: MonitorOptions = {}): Promise<QmpClient> {
  const { signal, greetingTimeout = 5000 } = options
  const client = new QmpClient(stream, options)
  const busy = (limit: number) =>
    new VirtError(
      'resource-busy',
      `${stream.peer}: monitor busy: no greeting within ${limit} ms, so another client has it; give QEMU a second -qmp`,
      { errorDomain: errorDomains.qemu },
    )
  try {
    await deadline({ signal, timeout: greetingTimeout }, busy, () => client.greeting)
    await client.execute('qmp_capabilities', undefined, { signal })
    return client
  } catch (error) {
    client.close()
    throw error
  }
}
