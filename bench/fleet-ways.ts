/**
 * What a connection costs by each way to a host, opened one after the other and then held.
 * `npm run bench:daemons -- fleet-ways [CONNECTIONS]`
 */
import { readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Connection, connect } from '../src/index.js'
import { testCa } from '../test/live/certificates.js'
import { freePort, newFolder, ownLibvirtd } from '../test/live/own-libvirtd.js'
import { ownSshd } from '../test/live/own-sshd.js'

setFlagsFromString('--expose_gc')
const collect: () => void = runInNewContext('gc')

const folder = newFolder()
const ca = testCa(folder, 'bench')
const pki = ca.clientFolder('client')
const { cert, key } = ca.issue('server', ['DNS:localhost'])
const [tcp, tls] = [await freePort(), await freePort()]
await using daemon = await ownLibvirtd(
  [
    'listen_tcp = 1',
    'listen_addr = "127.0.0.1"',
    `tcp_port = "${tcp}"`,
    `tls_port = "${tls}"`,
    'auth_tcp = "none"',
    `cert_file = "${cert}"`,
    `key_file = "${key}"`,
    `ca_file = "${ca.certificate}"`,
    'max_anonymous_clients = 2000',
    'max_clients = 2000',
  ],
  { args: ['--listen'] },
)
const sockets = dirname(daemon.socket)
symlinkSync('libvirt-sock', join(sockets, 'libvirt-sock-ro'))
await using sshd = await ownSshd(folder, sockets)

const count = Number(process.argv[2] ?? 40)
const known = encodeURIComponent(sshd.knownHosts)
const ways = {
  unix: `test+unix:///default?socket=${daemon.socket}`,
  tcp: `test+tcp://localhost:${tcp}/default`,
  tls: `test+tls://localhost:${tls}/default?pkipath=${pki}`,
  ssh: `test+ssh://${sshd.user}@127.0.0.1:${sshd.port}/default?no_tty=1&keyfile=${sshd.key}&known_hosts=${known}`,
}

/** Resident memory that a process has to itself, in KiB. */
const ownMemory = (pid: string): number => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return [...text.matchAll(/^Private_\w+:\s+(\d+)/gm)].reduce((sum, [, size]) => sum + Number(size), 0)
}
const children = () =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean)

for (const [way, uri] of Object.entries(ways)) {
  await (await connect(uri, { readOnly: true })).close()
  collect()
  const before = new Set(children())
  const [memory, started, cpu] = [process.memoryUsage().rss, performance.now(), process.cpuUsage()]
  const open: Connection[] = []
  for (let i = 0; i < count; i++) open.push(await connect(uri, { readOnly: true }))
  const wall = (performance.now() - started) / count
  const { user, system } = process.cpuUsage(cpu)
  collect()
  const own = (process.memoryUsage().rss - memory) / count / 1024
  const helpers = children().filter((pid) => !before.has(pid))
  const theirs = helpers.reduce((sum, pid) => sum + ownMemory(pid), 0) / count
  const processes = helpers.length === 0 ? '' : `, and ${theirs.toFixed(0)} KiB in ${helpers.length / count} process`
  console.log(
    `${way}: ${wall.toFixed(1)} ms, ${((user + system) / 1000 / count).toFixed(2)} ms of CPU here, ${own.toFixed(0)} KiB of memory${processes}`,
  )
  for (const conn of open) await conn.close()
}
rmSync(folder, { recursive: true })
