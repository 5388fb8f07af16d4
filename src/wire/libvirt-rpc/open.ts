import type { Limits } from '../../async/deadline.js'
import type { ByteStream } from '../../os/socket.js'
import { RpcClient, type RpcClientOptions } from './client.js'
import { defaultKeepAlive, type KeepAliveOptions } from './keep-alive.js'
import { type LogInOptions, logIn } from './log-in.js'

/** How a connection to a libvirtd is opened. */
export interface OpenOptions extends RpcClientOptions, LogInOptions {
  /** Aborting it ends the opening. */
  readonly signal?: Limits['signal']
  /** The URI as libvirtd is to see it, `qemu:///system`; its own choice unless told. */
  readonly uri?: string | undefined
  readonly readOnly?: boolean | undefined
  /** How a dead libvirtd is noticed; false: not at all. libvirt's own values unless told. */
  readonly keepAlive?: KeepAliveOptions | false | undefined
}

/** What the other end may be asked whether it has it (`virDrvFeature`, libvirt's src/libvirt_internal.h). */
const features = { keepAlive: 10, closeCallback: 15 } as const

const readOnlyFlag = 1

/**
 * Logs in to the libvirtd at the other end of a stream and opens a hypervisor there: `virConnectOpen`. Rejects with
 * `auth-failed` where a login is refused, `timeout`, and what libvirtd answers. On failure the
 * stream is closed.
 */
export async function openConnection(stream: ByteStream, options: OpenOptions = {}): Promise<RpcClient> {
  const { uri = '', readOnly = false, keepAlive = defaultKeepAlive, signal } = options
  const client = new RpcClient(stream, options)
  const limits = { signal, timeout: options.timeout ?? 30_000 }
  const supports = async (feature: number) =>
    (await client.call('connectSupportsFeature', { feature }, limits)).supported
  try {
    await logIn(client, options, limits)
    // Being asked, libvirtd itself begins to ping too.
    if (keepAlive && (await supports(features.keepAlive))) client.startKeepAlive(keepAlive)
    await client.call('connectOpen', { name: uri, flags: readOnly ? readOnlyFlag : 0 }, limits)
    if (await supports(features.closeCallback)) await client.call('connectRegisterCloseCallback', {}, limits)
    return client
  } catch (error) {
    client.close()
    throw error
  }
}
