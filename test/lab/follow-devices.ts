/**
 * Runs in the lab: follows a USB gadget that is plugged and unplugged, through its libvirtd, and prints what it saw.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { connect } from '../../src/index.js'
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
await virsh('undefine', name).catch(() => {})
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

plug()
await stop()
await virsh('undefine', name)
const followed = { log, replugged }
console.log(JSON.stringify(followed))

/** What is printed. */
export type Followed = typeof followed
