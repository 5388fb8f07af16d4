import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { newFolder } from './own-libvirtd.js'

/** Why there can be none; `undefined` where there can. */
export const noOwnSystem: string | undefined =
  process.getuid?.() !== 0
    ? 'only root has a libvirtd of the whole machine'
    : spawnSync('unshare', ['--mount', '--net', 'true']).status === 0
      ? undefined
      : 'namespaces are not allowed here'

/** The libvirtd of a whole machine, in namespaces of its own: it meets neither the real one nor its network. */
export interface OwnSystem extends AsyncDisposable {
  /** The folder of its sockets, seen from outside too. */
  readonly sockets: string
  /** Runs a command where its sockets stand in /run/libvirt; answers what it prints. */
  run(...argv: string[]): { status: number | null; stdout: string; stderr: string }
}

const script = `
for path in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt; do mount -t tmpfs tmpfs $path; done
mkdir /run/libvirt /run/dbus
mount --bind "$0" /run/libvirt
if [ "$2" = polkit ]; then
  dbus-daemon --system --nofork --nopidfile &
  while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.05; done
  for polkitd in /usr/lib/polkit-1/polkitd /usr/libexec/polkitd; do
    if [ -x $polkitd ]; then $polkitd --no-debug & fi
  done
fi
exec libvirtd --config "$1"
`

/** Starts one; with polkit and its message bus, if its sockets are to ask that. */
export async function ownSystem(config: readonly string[], polkit = false): Promise<OwnSystem> {
  const folder = newFolder()
  const sockets = join(folder, 'sockets')
  mkdirSync(sockets)
  chmodSync(sockets, 0o755)
  const file = join(folder, 'libvirtd.conf')
  writeFileSync(file, config.map((line) => `${line}\n`).join(''))
  const inside = ['--mount', '--net', 'sh', '-c', script, sockets, file, polkit ? 'polkit' : '']
  // all of them end together, being one group
  const leader = spawn('unshare', inside, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const { pid = 0 } = leader
  let said = ''
  leader.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000)
  })
  for (const end = Date.now() + 60_000; !existsSync(join(sockets, 'libvirt-sock-ro')); await sleep(50)) {
    if (leader.exitCode !== null || Date.now() > end) throw new Error(`libvirtd does not start: ${said}`)
  }
  return {
    sockets,
    run(...argv) {
      const inThere = ['--mount', '--target', String(pid), `--wd=${process.cwd()}`, ...argv]
      return spawnSync('nsenter', inThere, { encoding: 'utf8', timeout: 60_000 })
    },
    async [Symbol.asyncDispose]() {
      if (leader.exitCode === null) {
        process.kill(-pid, 'SIGTERM')
        await once(leader, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
