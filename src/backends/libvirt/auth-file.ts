import { Denied, type HostFiles } from '../../os/host-files.js'
import type { User } from './daemon-address.js'

/** What a credentials file says of a host. */
export interface StoredLogin {
  readonly user?: string
  readonly password?: string
}

/**
 * Looks up who logs in at a host in libvirt's credentials file (libvirt.org/auth.html): `authfile` of the URI or
 * $LIBVIRT_AUTH_FILE, else the user's auth.conf, else the machine's. Of that host, else of the default.
 */
export function storedLogin(files: HostFiles, user: User, host: string, named: string | undefined): StoredLogin {
  const places = named === undefined ? [`${user.config}/libvirt/auth.conf`, '/etc/libvirt/auth.conf'] : [named]
  for (const path of places) {
    const bytes = files.bytes(path, 1024 * 1024)
    if (!(bytes instanceof Denied)) return loginAt(groups(new TextDecoder().decode(bytes)), host)
  }
  return {}
}

type Groups = ReadonlyMap<string, ReadonlyMap<string, string>>

function loginAt(all: Groups, host: string): StoredLogin {
  const group = all.get(`auth-libvirt-${host}`) ?? all.get('auth-libvirt-default')
  const credentials = all.get(`credentials-${group?.get('credentials')}`)
  const user = credentials?.get('authname') ?? credentials?.get('username')
  const password = credentials?.get('password')
  return { ...(user !== undefined && { user }), ...(password !== undefined && { password }) }
}

/** Groups of keys, in the manner of GLib's key files. */
function groups(text: string): Groups {
  const found = new Map<string, Map<string, string>>()
  let keys = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(#|$)/.test(line)) continue
    const [, name] = /^\s*\[([^\]]*)\]\s*$/.exec(line) ?? []
    if (name !== undefined) {
      keys = found.get(name) ?? new Map()
      found.set(name, keys)
    }
    const [, key, value = ''] = /^\s*([^=[\]]*?)\s*=\s*(.*)$/.exec(line) ?? []
    if (key !== undefined) keys.set(key, withoutEscapes(value))
  }
  return found
}

const escapes: Readonly<Record<string, string>> = { s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' }

const withoutEscapes = (value: string): string =>
  value.replace(/\\(.)/g, (whole, letter: string) => escapes[letter] ?? whole)
