import type { Limits } from '../../async/deadline.js'
import { errorDomains, VirtError } from '../../errors.js'
import { type ByteStream, connectUnix } from '../../os/socket.js'
import type { DaemonAddress } from './daemon-address.js'

/** Makes a stream to a libvirtd; a program that has its own way there (an ssh library, a proxy) brings this. */
export type Dial = (address: DaemonAddress, limits: Limits) => Promise<ByteStream>

/**
 * Connects to the first of the daemon's sockets that answers.
 *
 * @throws VirtError `no-connection` when none does, `unsupported` for a way that is not built in
 */
export const dialUnix: Dial = async ({ transport, sockets, uri }, limits) => {
  if (transport !== 'unix')
    throw new VirtError(
      'unsupported',
      `${uri}: the transport ${transport} is not built in; pass libvirt({ uri, dial }) a stream of your own`,
      { errorDomain: errorDomains.rpc },
    )
  const failures: VirtError[] = []
  for (const path of sockets) {
    try {
      return await connectUnix(path, limits)
    } catch (error) {
      if (!VirtError.is(error, 'no-connection')) throw error
      failures.push(error)
    }
  }
  throw new VirtError(
    'no-connection',
    `no libvirtd answers at ${sockets.join(' or ')}; start libvirtd, or the daemon of that hypervisor`,
    { errorDomain: errorDomains.rpc, cause: failures[0] },
  )
}
