import type { Limits } from '../../async/deadline.js'
import { errorDomains, VirtError } from '../../errors.js'
import { realFiles } from '../../os/host-files-real.js'
import { type CommandEnd, processStream } from '../../os/process-stream.js'
import { type ByteStream, connectTcp, connectUnix } from '../../os/socket.js'
import { connectTls } from '../../os/tls.js'
import { tlsConfirmation } from '../../wire/libvirt-rpc/tls-confirmation.js'
import { type DaemonAddress, flagOf, type User } from './daemon-address.js'
import { sshCommand } from './ssh-command.js'
import { tlsFiles } from './tls-files.js'

/** Makes a stream to a libvirtd; a program that has its own way there (an ssh library, a proxy) brings this. */
export type Dial = (address: DaemonAddress, limits: Limits) => Promise<ByteStream>

/** Ports of libvirtd (libvirtd.conf, tcp_port and tls_port). */
const ports = { tcp: 16509, tls: 16514 }

/**
 * The ways to a libvirtd that are built in, by libvirt's rules for URIs.
 *
 * @throws VirtError `no-connection` when nobody answers, `auth-failed` when somebody does who is not the host,
 * `invalid-argument` for parameters that make no sense, `unsupported` for a way that is not built in
 */
export function dialAs(user: User): Dial {
  return async (address, limits) => {
    const { host = 'localhost', transport, uri } = address
    if (transport === 'unix') return await dialUnix(address, limits)
    if (transport === 'tcp') return await connectTcp({ host, port: address.port ?? ports.tcp }, limits)
    if (transport === 'tls') return await dialTls({ ...address, host }, user, limits)
    if (transport === 'ssh' || transport === 'libssh' || transport === 'libssh2') return dialSsh({ ...address, host })
    throw new VirtError(
      'unsupported',
      `${uri}: the transport ${transport} is not built in; pass libvirt({ uri, dial }) a stream of your own`,
      { errorDomain: errorDomains.rpc },
    )
  }
}

async function dialTls(address: DaemonAddress & { host: string }, user: User, limits: Limits): Promise<ByteStream> {
  const { host, port = ports.tls, uri, parameters } = address
  if (parameters.tls_priority !== undefined)
    throw new VirtError('argument-unsupported', `${uri}: tls_priority is in GnuTLS's words, which OpenSSL has not`, {
      errorDomain: errorDomains.rpc,
    })
  const credentials = { ...tlsFiles(realFiles(), user, parameters.pkipath), verify: !flagOf(address, 'no_verify') }
  return await tlsConfirmation(await connectTls({ host, port }, credentials, limits), limits)
}

/** It is connected when the daemon there has answered the first call. */
function dialSsh(address: DaemonAddress & { host: string }): ByteStream {
  const { host, user } = address
  const peer = user === undefined ? host : `${user}@${host}`
  const argv = sshCommand(address)
  return processStream(argv, peer, (end) => sshFailure(peer, argv, end))
}

/** ssh ends with 255 by itself, else as the command on the other host did. */
function sshFailure(peer: string, argv: readonly string[], { status, stderr }: CommandEnd): VirtError {
  const refused = status === 255 && /permission denied|host key|authentication/i.test(stderr)
  const what = status === 255 || status === null ? 'ssh does not get there' : 'the command there failed'
  const remedies: Readonly<Record<number, string>> = {
    127: '; install virt-ssh-helper or netcat there',
    1: '; does libvirtd run there, and may this user connect to it?',
  }
  const said = stderr === '' ? '' : `: ${stderr}`
  return new VirtError(
    refused ? 'auth-failed' : 'no-connection',
    `${peer}: ${what} (status ${status})${said}${remedies[status ?? 0] ?? ''}`,
    { errorDomain: errorDomains.rpc, argv, stderr, ...(status !== null && { exitStatus: status }) },
  )
}

async function dialUnix({ sockets, session }: DaemonAddress, limits: Limits): Promise<ByteStream> {
  const failures: VirtError[] = []
  for (const path of sockets) {
    try {
      return await connectUnix(path, limits)
    } catch (error) {
      if (!VirtError.is(error, 'no-connection')) throw error
      failures.push(error)
    }
  }
  const remedy = session
    ? "start your session's with libvirtd --daemon, or any virsh command"
    : 'start libvirtd, or the daemon of that hypervisor'
  throw new VirtError('no-connection', `no libvirtd answers at ${sockets.join(' or ')}; ${remedy}`, {
    errorDomain: errorDomains.rpc,
    cause: failures[0],
  })
}
