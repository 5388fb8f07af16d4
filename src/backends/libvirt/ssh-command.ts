import { errorDomains, VirtError } from '../../errors.js'
import { type DaemonAddress, flagOf } from './daemon-address.js'

/** Names and addresses of hosts, and names of `ssh_config`; none is taken for an option. */
const hostShape = /^[\p{L}\p{N}_:][\p{L}\p{N}_.:%-]*$/u
/** What ssh itself takes for a user, and no more. */
const userShape = /^[\p{L}\p{N}_.][\p{L}\p{N}_.@+\\-]*\$?$/u

/** What libssh calls its ways to treat a host's key, and what OpenSSH calls them. */
const strictness: Readonly<Record<string, string>> = { normal: 'yes', auto: 'accept-new', ignore: 'no' }

/**
 * The command that reaches a libvirtd by ssh, as libvirt's client runs it (virNetSocketNewConnectSSH,
 * virNetClientSSHHelperCommand): no shell here, one there. `libssh` and `libssh2` are the same way to the same daemon.
 *
 * @throws VirtError `invalid-argument` for a host, user or parameter that ssh or the shell there could mistake
 */
export function sshCommand(address: DaemonAddress): string[] {
  const { host = 'localhost', port, user, parameters } = address
  const { command = 'ssh', keyfile, known_hosts: knownHosts, known_hosts_verify: verify } = parameters
  if (!hostShape.test(host)) throw wrong(address, `${JSON.stringify(host)} is no host for ssh`)
  if (user !== undefined && !userShape.test(user)) throw wrong(address, `${JSON.stringify(user)} is no user for ssh`)
  if (verify !== undefined && !Object.hasOwn(strictness, verify))
    throw wrong(address, `known_hosts_verify is ${verify}; it is ${Object.keys(strictness).join(', ')}`)
  const checking = flagOf(address, 'no_verify') ? 'no' : verify === undefined ? undefined : strictness[verify]
  return [
    plainText(address, 'command', command),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    ...(keyfile === undefined ? [] : ['-i', plainText(address, 'keyfile', keyfile)]),
    ...['-T', '-e', 'none'],
    ...(flagOf(address, 'no_tty') ? ['-o', 'BatchMode=yes'] : []),
    ...(checking === undefined ? [] : ['-o', `StrictHostKeyChecking=${checking}`]),
    ...(knownHosts === undefined ? [] : ['-o', `UserKnownHostsFile=${fileOption(address, knownHosts)}`]),
    '--',
    host,
    remoteCommand(address),
  ]
}

/** What runs on the other host: libvirt's own helper, or netcat to the socket. */
function remoteCommand(address: DaemonAddress): string {
  const { parameters, session } = address
  const { netcat, socket } = parameters
  // Who names a netcat means it.
  const proxy = parameters.proxy ?? (netcat === undefined ? 'auto' : 'netcat')
  const socketKnown = !session || socket !== undefined
  if (proxy === 'native') {
    if (netcat !== undefined) throw wrong(address, 'netcat is not for proxy=native; leave one of them out')
    return shell(helper(address))
  }
  if (proxy === 'netcat') {
    if (!socketKnown)
      throw wrong(address, "netcat cannot know a session's socket; name it by socket, or use proxy=native")
    return shell(netcatScript(address))
  }
  if (proxy !== 'auto') throw wrong(address, `proxy is ${proxy}; it is auto, netcat or native`)
  const byHelper = `exec ${helper(address)}`
  if (!socketKnown) return shell(byHelper)
  const byNetcat = netcatScript(address)
  // The helper of libvirt 9.0 heeds neither.
  if (socket !== undefined || (parameters.mode ?? 'auto') !== 'auto') return shell(either('nc', byNetcat, byHelper))
  return shell(either('virt-ssh-helper', byHelper, byNetcat))
}

const either = (command: string, there: string, otherwise: string): string =>
  `if command -v ${command} >/dev/null 2>&1; then ${there}; else ${otherwise}; fi`

function helper(address: DaemonAddress): string {
  const { uri, parameters, readOnly } = address
  const forHelper = ['mode', 'socket'].filter((name) => parameters[name] !== undefined)
  const query = forHelper.map((name) => `${name}=${encodeURIComponent(parameters[name] ?? '')}`).join('&')
  const whole = query === '' ? uri : `${uri}${uri.includes('?') ? '&' : '?'}${query}`
  const plain = plainText(address, 'its URI', whole.replaceAll('!', '%21'))
  return `virt-ssh-helper ${readOnly ? '-r ' : ''}${quote(plain)}`
}

/** Netcats differ: the one that needs `-q0` to end with its input says so. */
function netcatScript(address: DaemonAddress): string {
  const [socket = ''] = address.sockets
  if (!socket.startsWith('/')) throw wrong(address, `socket is ${JSON.stringify(socket)}; it is an absolute path`)
  const nc = quote(plainText(address, 'netcat', address.parameters.netcat ?? 'nc'))
  const needsOption = `${nc} -q 2>&1 | grep "requires an argument" >/dev/null 2>&1`
  return `if ${needsOption}; then ARG=-q0; else ARG=; fi; ${nc} $ARG -U ${quote(plainText(address, 'socket', socket))}`
}

/** One word of a POSIX shell, and of csh and fish, whatever it holds. */
const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** The user's shell there may be any; it only has to start this one. */
const shell = (script: string): string => `sh -c ${quote(script)}`

/** A value without what breaks lines, which some shells do not take in quotes. */
function plainText(address: DaemonAddress, name: string, value: string): string {
  if (value === '' || value.startsWith('-') || /[\p{Cc}!]/u.test(value))
    throw wrong(address, `${name} is ${JSON.stringify(value.slice(0, 100))}, which is no such name`)
  return value
}

/** A file as an option of ssh takes it, which knows quotes, `%` and `$` of its own. */
function fileOption(address: DaemonAddress, path: string): string {
  if (/["$\p{Cc}]/u.test(path) || !path.startsWith('/'))
    throw wrong(address, `known_hosts is ${JSON.stringify(path.slice(0, 100))}; it is an absolute path without " and $`)
  return `"${path.replaceAll('%', '%%')}"`
}

const wrong = ({ uri, host }: DaemonAddress, problem: string): VirtError =>
  new VirtError('invalid-argument', `${uri} on ${host?.slice(0, 100) ?? 'localhost'}: ${problem}`, {
    errorDomain: errorDomains.uri,
  })
