import { errorDomains, VirtError } from '../../errors.js'
import { type ConnectionUri, parseUri } from '../../model/uri.js'
import { Denied, type HostFiles } from '../../os/host-files.js'
import type { User } from './daemon-address.js'

/** The part of libvirt's client settings (libvirt.conf) that is about URIs. */
export interface ClientSettings {
  readonly uriDefault?: string
  readonly aliases: ReadonlyMap<string, string>
  /** What `mode` and `proxy` are where a URI does not say (`remote_mode`, `remote_proxy`). */
  readonly defaults: Readonly<Record<string, string>>
}

/**
 * What `libvirt:` means, by libvirt's rules (docs/uri.rst): $LIBVIRT_DEFAULT_URI, else `uri_default` of libvirt.conf,
 * else `undefined`: the daemon that is there. `libvirt:NAME` is the URI that libvirt.conf has that alias for.
 *
 * @throws VirtError `invalid-argument` for an alias that is not there
 */
export function defaultUri(
  uri: ConnectionUri,
  { uriDefault, aliases }: ClientSettings,
  chosen?: string,
): ConnectionUri | undefined {
  const alias = uri.path.replace(/^\/*/, '')
  const meant = alias === '' ? (chosen ?? uriDefault) : alias
  if (meant === undefined) return undefined
  const text = aliases.get(meant) ?? meant
  if (alias !== '' && !aliases.has(alias))
    throw new VirtError('invalid-argument', `${uri.text}: libvirt.conf has no alias ${alias} among its uri_aliases`, {
      errorDomain: errorDomains.conf,
      candidates: [...aliases.keys()],
    })
  return parseUri(text)
}

/** Reads the settings of a user, or those of the machine for root; where there are none, none is set. */
export function clientSettings(files: HostFiles, user: User): ClientSettings {
  const path = user.root ? '/etc/libvirt/libvirt.conf' : `${user.config}/libvirt/libvirt.conf`
  const bytes = files.bytes(path, 1024 * 1024)
  return parseSettings(bytes instanceof Denied ? '' : new TextDecoder().decode(bytes))
}

function parseSettings(text: string): ClientSettings {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line))
  const settings = lines.join('\n')
  const word = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*(["'])(.*?)\\1`, 'm').exec(settings)?.[2]
  const [uriDefault, mode, proxy] = [word('uri_default'), word('remote_mode'), word('remote_proxy')]
  const [, list = ''] = /^\s*uri_aliases\s*=\s*\[([^\]]*)\]/m.exec(settings) ?? []
  const pairs = [...list.matchAll(/(["'])([^=]*?)=(.*?)\1/g)].map(([, , alias = '', uri = '']) => [alias, uri] as const)
  return {
    ...(uriDefault !== undefined && { uriDefault }),
    aliases: new Map(pairs),
    defaults: { ...(mode !== undefined && { mode }), ...(proxy !== undefined && { proxy }) },
  }
}
