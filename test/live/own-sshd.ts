import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './own-libvirtd.js'

/** Why there can be none; `undefined` where there can. */
export const noSshd: string | undefined =
  process.getuid?.() === 0
    ? spawnSync('unshare', ['--mount', '--propagation', 'private', 'mount', '--bind', '/tmp', '/run']).status === 0
      ? undefined
      : 'mount namespaces are not allowed here'
    : 'only root can give sshd a /run/libvirt of its own'

/** An ssh server of the tests' own on loopback, with its own keys. */
export interface OwnSshd extends AsyncDisposable {
  readonly port: number
  readonly user: string
  /** The key that logs in there, and one that does not. */
  readonly key: string
  readonly wrongKey: string
  /** Where its own key stands, as a client knows it. */
  readonly knownHosts: string
}

const isLocked = () => /^root:!/m.test(readFileSync('/etc/shadow', 'utf8'))

/** Starts one in a folder; whoever logs in there finds the sockets of that other folder in /run/libvirt. */
export async function ownSshd(folder: string, sockets: string): Promise<OwnSshd> {
  const port = await freePort()
  const [hostKey = '', key = '', wrongKey = ''] = ['host', 'user', 'wrong'].map((name) => {
    const file = join(folder, `${name}-key`)
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
    return file
  })
  const publicKey = (file: string) => readFileSync(`${file}.pub`, 'utf8').trim()
  writeFileSync(join(folder, 'authorized'), `${publicKey(key)}\n`)
  const knownHosts = join(folder, 'known hosts 100%')
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${publicKey(hostKey)}\n`)
  const settings = join(folder, 'sshd_config')
  writeFileSync(
    settings,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${join(folder, 'authorized')}`,
      'StrictModes no',
      // by itself sshd refuses a user whose password is locked
      `UsePAM ${isLocked() ? 'yes' : 'no'}`,
      'PidFile none',
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      '',
    ].join('\n'),
  )
  // where sshd locks itself in while it talks to strangers
  for (const path of ['/run/sshd', '/run/libvirt']) mkdirSync(path, { recursive: true, mode: 0o755 })
  const script = 'mount --bind "$0" /run/libvirt && exec /usr/sbin/sshd -D -e -f "$1"'
  const inside = ['--mount', '--propagation', 'private', 'sh', '-c', script, sockets, settings]
  const daemon = spawn('unshare', inside, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  for (const end = Date.now() + 30_000; !said.includes('Server listening'); await sleep(20)) {
    if (daemon.exitCode !== null || Date.now() > end) throw new Error(`sshd does not start: ${said}`)
  }
  return {
    port,
    user: userInfo().username,
    key,
    wrongKey,
    knownHosts,
    async [Symbol.asyncDispose]() {
      daemon.kill()
      await once(daemon, 'exit')
    },
  }
}
