import type { Limits } from '../../async/deadline.js'
import { errorDomains, VirtError } from '../../errors.js'
import { connectUnix } from '../../os/socket.js'
import { XenstoreClient, type XenstoreOptions } from './client.js'

/** Where xenstored is found. */
export interface OpenStoreOptions extends XenstoreOptions {
  readonly signal?: Limits['signal']
  /** Its socket; $XENSTORED_PATH, else `socket` in $XENSTORED_RUNDIR, else /run/xenstored/socket unless told. */
  readonly path?: string | undefined
}

const device = '/dev/xen/xenbus'

/**
 * Connects to xenstored's socket, which is where it runs: in dom0, or in no Xen at all for tests. The device that
 * guests use instead is `unsupported`.
 */
export async function openStore(options: OpenStoreOptions = {}): Promise<XenstoreClient> {
  const { XENSTORED_PATH, XENSTORED_RUNDIR = '/run/xenstored' } = process.env
  const { path = XENSTORED_PATH ?? `${XENSTORED_RUNDIR}/socket`, signal } = options
  if (path === device)
    throw new VirtError(
      'unsupported',
      `${device}: Node cannot wait for a character device without blocking a thread; use xenstored's socket, in dom0`,
      { path, errorDomain: errorDomains.xen },
    )
  return new XenstoreClient(await connectUnix(path, { signal }), options)
}
