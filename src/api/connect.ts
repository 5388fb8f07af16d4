import { type Backend, type CallOptions, isBackend } from '../backend.js'
import { VirtError } from '../errors.js'
import { nearestNames } from '../model/device-name.js'
import { type ConnectionUri, isLibvirtUri, parseUri } from '../model/uri.js'
import { Connection } from './connection.js'

/** How a connection is opened. */
export interface ConnectOptions extends CallOptions {
  /** Refuse every change with error 29 (`virConnectOpenReadOnly`). */
  readOnly?: boolean
  /** Who logs in where a libvirtd asks for a user and password (`virConnectOpenAuth`). */
  login?: { user?: string; password?: string }
  /** False: nothing asks on the terminal, as ssh does for a password; then it fails instead. */
  interactive?: boolean
}

/** What opens each scheme: the driver and, where it matters, the transport. Loaded when first asked for. */
const schemes: Readonly<Record<string, (uri: ConnectionUri, options: ConnectOptions) => Promise<Backend>>> = {
  linux: async (uri) => (await import('./open-linux.js')).openLinux(uri),
  'qemu+qmp': async (uri) => (await import('./open-qemu.js')).openQemu(uri),
  'openvz+vzctl': async ({ text, query }) =>
    (await import('../backends/openvz/openvz.js')).openvz({
      uri: text,
      ...(query.configs && { configs: query.configs }),
    }),
  'xen+xenstore': async (uri, options) => (await import('./open-xen.js')).openXen(uri, options),
  mock: async (uri) => (await import('./open-mock.js')).openMock(uri),
}

/** libvirt's own URIs mean a libvirtd, whatever hypervisor they name. */
const openLibvirt = async ({ text }: ConnectionUri, options: ConnectOptions): Promise<Backend> => {
  const { libvirt } = await import('../backends/libvirt/libvirt.js')
  return await libvirt({ ...options, uri: text })
}

/** A name alone, such as libvirt.conf has for URIs (`uri_aliases`). */
const aliasShape = /^[\w-]+$/

function schemeOf(uri: ConnectionUri) {
  if (isLibvirtUri(uri)) return openLibvirt
  const scheme = uri.transport === undefined ? uri.driver : `${uri.driver}+${uri.transport}`
  const open = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined
  if (open) return open
  const known = [...Object.keys(schemes), 'qemu', 'xen', 'libvirt']
  const candidates = nearestNames(scheme, known)
  throw new VirtError(
    'no-connection',
    `nothing opens '${uri.text.slice(0, 200)}': the scheme ${scheme} is none of ${known.join(', ')}`,
    { candidates },
  )
}

/**
 * Opens a host: a URI, an alias that libvirt.conf has for one, or a backend made by hand, such as `mock({ … })`.
 * Without either, the URI in `$HOSTDEV_URI`, else `linux:///`, this machine. Answers to `virConnectOpen` and
 * `virConnectOpenReadOnly`.
 *
 * @throws VirtError `no-connection` for a scheme that nothing opens, `invalid-argument` for what is no URI, and what
 * the backend says when the host cannot be had
 */
export async function connect(
  target?: string | Backend | Promise<Backend>,
  options: ConnectOptions = {},
): Promise<Connection> {
  options.signal?.throwIfAborted()
  const given = await (target ?? globalThis.process?.env.HOSTDEV_URI ?? 'linux:///')
  if (isBackend(given)) return new Connection(given, options.readOnly ?? false)
  if (typeof given !== 'string')
    throw new VirtError('invalid-argument', 'connect() was given neither a URI nor a backend; pass one of them')
  const uri = parseUri(aliasShape.test(given) ? `libvirt:${given}` : given)
  return new Connection(await schemeOf(uri)(uri, options), options.readOnly ?? false)
}
