import type { Limits } from '../../async/deadline.js'
import { errorDomains, VirtError } from '../../errors.js'
import type { ByteStream } from '../../os/socket.js'
import { RpcClient, type RpcClientOptions } from './client.js'
import { defaultKeepAlive, type KeepAliveOptions } from './keep-alive.js'

/** How a connection to a libvirtd is opened. */
export interface OpenOptions extends RpcClientOptions {
  /** Aborting it ends the opening. */
  readonly signal?: Limits['signal']
  /** The URI as libvirtd is to see it, `qemu:///system`; its own choice unless told. */
  readonly uri?: string | undefined
  readonly readOnly?: boolean | undefined
  /** How a dead libvirtd is noticed; false: not at all. libvirt's own values unless told. */
  readonly keepAlive?: KeepAliveOptions | false | undefined
}

/** Ways to log in (`remote_auth_type`). */
const auth = { none: 0, sasl: 1, polkit: 2 } as const

/** What the other end may be asked whether it has it (`virDrvFeature`, libvirt's src/libvirt_internal.h). */
const features = { keepAlive: 10, closeCallback: 15 } as const

const readOnlyFlag = 1

/**
 * Logs in to the libvirtd at the other end of a stream and opens a hypervisor there: `virConnectOpen`. Rejects with
 * `auth-failed` where polkit refuses or a password is asked for, `timeout`, and what libvirtd answers. On failure the
 * stream is closed.
 */
export async function openConnection(stream: ByteStream, options: OpenOptions = {}): Promise<RpcClient> {
  const { uri = '', readOnly = false, keepAlive = defaultKeepAlive, signal } = options
  const client = new RpcClient(stream, options)
  const limits = { signal, timeout: options.timeout ?? 30_000 }
  const supports = async (feature: number) =>
    (await client.call('connectSupportsFeature', { feature }, limits)).supported
  try {
    await logIn(client, limits)
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

async function logIn(client: RpcClient, limits: Limits): Promise<void> {
  const { types } = await client.call('authList', {}, limits)
  if (types.length === 0 || types.includes(auth.none)) return
  if (!types.includes(auth.polkit))
    throw refused(
      `${client.peer}: libvirtd asks for a login this library does not have (SASL); use its local socket, or ssh`,
    )
  try {
    await client.call('authPolkit', {}, limits)
  } catch (cause) {
    throw refused(
      `${client.peer}: polkit refuses this user; join the group libvirt, or allow org.libvirt.unix.manage by a rule`,
      cause,
    )
  }
}

const refused = (message: string, cause?: unknown): VirtError =>
  new VirtError('auth-failed', message, { errorDomain: errorDomains.rpc, cause })
