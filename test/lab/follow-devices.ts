/** Runs in the lab: follows a USB gadget that is plugged and unplugged, through its libvirtd, and prints what it saw. */
import { execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect, type DeviceEvent } from '../../src/index.js'
import { playFollowScenario } from '../contract/follow-scenario.js'
import { distribution, plug, plugged, replug, unplug } from './follow-gadget.js'

const uri = 'qemu:///system'
const name = 'follow'
const rounds = Number(process.argv[2] ?? 50)
// never while the event loop stands still: libvirtd drops who does not answer for half a minute
const run = promisify(execFile)
const virsh = (...args: string[]) => run('virsh', ['--quiet', '--connect', uri, ...args])

writeFileSync(
  '/tmp/follow.xml',
  `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><controller type='usb' model='qemu-xhci'/><memballoon model='none'/></devices>
</domain>`,
)
// what a run that was cut off has left
await virsh('destroy', name).catch(() => {})
await virsh('define', '/tmp/follow.xml')
const start = async () => void (await virsh('start', '--paused', name))
const stop = async () => void (await virsh('destroy', name))

await using conn = await connect(uri)
// the port at which the gadget is: libvirt knows no serial number of a USB device
const port = (await plugged()).path?.split('/').at(-1) ?? ''
unplug()
await start()
const log = await playFollowScenario({ conn, guest: name, device: { port }, plug, unplug, stop, start, limit: 180_000 })

const replugged = await replug({ conn, guest: name, device: { port } }, rounds)
console.error(distribution(replugged.latencies))

/** What is told of network devices that are created and deleted at once, beside what virsh is told. */
async function burst(count: number) {
  const listener = spawn('virsh', ['--connect', uri, 'nodedev-event', '--event', 'lifecycle', '--loop'])
  let heard = ''
  listener.stdout.on('data', (chunk) => {
    heard += chunk
  })
  await using here = await connect('linux:///')
  const watches = { libvirt: await conn.watchNodeDevices(), linux: await here.watchNodeDevices() }
  await sleep(3000)
  const lines = (verb: string) =>
    Array.from({ length: count }, (_, n) => `link ${verb} burst${n}${verb === 'add' ? ' type dummy' : ''}`).join('\n')
  const mine = ({ kind, device }: DeviceEvent) =>
    /^net_burst\d/.test(device) && /^(created|deleted)$/.test(kind)
      ? `${kind} ${device.replace(/^(net_burst\d+)_.*/, '$1')}`
      : undefined
  const counts: Record<string, number> = {}
  const collect = async (source: string, watch: AsyncIterable<DeviceEvent>) => {
    const seen = new Map<string, number>()
    for await (const event of watch) {
      const told = mine(event)
      if (told) seen.set(told, (seen.get(told) ?? 0) + 1)
      counts[source] = seen.size
      if (told && seen.size % 100 === 0) console.error(`${source} has told of ${seen.size}`)
      if (seen.size === 2 * count) break
    }
    return { told: seen.size, doubled: [...seen.values()].filter((times) => times > 1).length }
  }
  const collected = Promise.all([collect('libvirt', watches.libvirt), collect('linux', watches.linux)])
  writeFileSync('/tmp/add', lines('add'))
  writeFileSync('/tmp/del', lines('del'))
  await run('ip', ['-batch', '/tmp/add'])
  while ((counts.libvirt ?? 0) < count || (counts.linux ?? 0) < count) await sleep(500)
  await run('ip', ['-batch', '/tmp/del'])
  const [libvirt, linux] = await collected
  for (let waited = 0; waited < 60 && heard.split('net_burst').length <= 2 * count; waited++) await sleep(1000)
  listener.kill()
  const virshLines = heard.split('\n').filter((line) => line.includes('net_burst'))
  return { libvirt, linux, virsh: { told: new Set(virshLines).size, lines: virshLines.length } }
}
const many = process.argv[3] === '0' ? undefined : await burst(Number(process.argv[3] ?? 1000))

plug()
await stop()
await virsh('undefine', name)
const followed = { log, replugged, many }
console.log(JSON.stringify(followed))

/** What is printed. */
export type Followed = typeof followed
