import { errorDomains, VirtError } from '../errors.js'

/**
 * A connection URI, taken apart; the spelling is libvirt's (docs/uri.rst):
 * `driver[+transport]://[user@][host][:port]/[path][?query]`.
 */
export interface ConnectionUri {
  /** The whole, as it was given. */
  readonly text: string
  /** `linux`, `qemu`, `xen`… */
  readonly driver: string
  /** What stands after the `+`: `qmp`, `ssh`, `tls`… */
  readonly transport?: string
  readonly user?: string
  readonly host?: string
  readonly port?: number
  /** Decoded, with its leading slash; empty when there is none. */
  readonly path: string
  /** Decoded parameters; of several of one name the last. */
  readonly query: Readonly<Record<string, string>>
}

const shape =
  /^([a-z][a-z\d-]*)(?:\+([a-z\d-]+))?:(?:\/\/(?:([^@/?#]*)@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d{1,5}))?)?([^?#]*)(?:\?([^#]*))?$/i

/** Takes a URI apart. @throws VirtError `invalid-argument` for what is no URI */
export function parseUri(text: string): ConnectionUri {
  const wrong = (problem: string, cause?: unknown) =>
    new VirtError('invalid-argument', `'${text.slice(0, 200)}' ${problem}; write it like linux:/// or qemu:///system`, {
      errorDomain: errorDomains.uri,
      cause,
    })
  if (/[\0-\x20\x7f]/.test(text)) throw wrong('holds white space or control characters')
  const [, driver, transport, user, host, port, path = '', query = ''] = shape.exec(text) ?? []
  if (driver === undefined) throw wrong('is not a connection URI')
  if (port !== undefined && Number(port) > 65535) throw wrong('names a port above 65535')
  try {
    return {
      text,
      driver: driver.toLowerCase(),
      ...(transport !== undefined && { transport: transport.toLowerCase() }),
      ...(user && { user: decodeURIComponent(user) }),
      ...(host && { host: host.replace(/^\[(.*)\]$/, '$1') }),
      ...(port !== undefined && { port: Number(port) }),
      path: decodeURIComponent(path),
      query: parameters(query),
    }
  } catch (cause) {
    throw wrong('has a percent sign that is no escape', cause)
  }
}

function parameters(query: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null)
  for (const pair of query.split(/[&;]/)) {
    if (pair === '') continue
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    found[decodeURIComponent(name)] = decodeURIComponent(value)
  }
  return found
}

/** Hypervisors that a libvirtd drives; `libvirt` itself stands for its default. */
const libvirtDrivers = ['libvirt', 'qemu', 'xen', 'lxc', 'openvz', 'vz', 'vbox', 'bhyve', 'ch', 'test', 'nodedev']

/** Ways to a libvirtd (libvirt's docs/uri.rst). */
export const libvirtTransports = ['unix', 'tls', 'tcp', 'ssh', 'libssh', 'libssh2', 'ext'] as const

/** Whether a URI is one of libvirt's own, and so means a libvirtd. */
export const isLibvirtUri = ({ driver, transport = 'unix' }: ConnectionUri): boolean =>
  libvirtDrivers.includes(driver) && (libvirtTransports as readonly string[]).includes(transport)
