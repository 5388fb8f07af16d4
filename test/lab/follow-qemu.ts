/**
 * Runs in the lab: follows devices for a QEMU guest without libvirt: a USB gadget that is replugged, and devices that
 * are plugged into the lab from outside, for which it asks on standard error. Prints what it saw.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type DeviceSelector, type FollowEvent } from '../../src/index.js'
import { patient, playFollowScenario } from '../contract/follow-scenario.js'
import { distribution, plug, plugged, replug, serial, unplug } from './follow-gadget.js'

/** Milliseconds for each event: everything takes the lab long, and nothing for ever. */
const limit = 180_000
const rounds = Number(process.argv[2] ?? 50)
const guest = 'followed'
const folder = '/tmp/follow-monitors'
const monitor = `${folder}/${guest}.sock`
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
for (const module of ['vfio-pci', 'vfio_iommu_type1']) execFileSync('modprobe', [module])

let qemu: ChildProcess | undefined
async function start(): Promise<void> {
  const machine = ['-S', '-nodefaults', '-display', 'none', '-machine', 'q35', '-accel', 'tcg', '-m', '64']
  // without ACPI in between QEMU takes PCI devices from a guest that has no system
  const noSystem = ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off']
  const board = ['-device', 'pcie-root-port,id=pci.1,chassis=1,slot=1,addr=1', '-device', 'qemu-xhci,id=usb,addr=5']
  const argv = [...machine, ...noSystem, ...board, '-name', guest, '-qmp', `unix:${monitor},server=on,wait=off`]
  qemu = spawn('qemu-system-x86_64', argv, { stdio: ['ignore', 'inherit', 'inherit'] })
  while (!existsSync(monitor)) await sleep(50)
}
async function stop(): Promise<void> {
  qemu?.kill('SIGKILL')
  if (qemu && qemu.exitCode === null && qemu.signalCode === null) await once(qemu, 'exit')
  rmSync(monitor, { force: true })
}

await plugged()
unplug()
await start()
await using conn = await connect(`qemu+qmp://${folder}`)
const log = await playFollowScenario({ conn, guest, device: { serial }, plug, unplug, stop, start, limit })
const replugged = await replug({ conn, guest, device: { serial } }, rounds)
console.error(distribution(replugged.latencies))

/** Follows a device that comes and goes from outside, twice. */
async function hotPlugged(what: string, device: DeviceSelector): Promise<string[]> {
  const told: string[] = []
  const following = await (await conn.lookupDomain(guest)).follow(device, { limit: { times: 100, within: 1000 } })
  const events = patient(following, limit)
  const until = async (wanted: (event: FollowEvent) => boolean) => {
    for (;;) {
      const { value, done } = await events.next()
      if (done) throw new Error(`following has ended: ${told.join(', ')}`)
      console.error(`${what}: ${value.kind}`, value.kind === 'failed' ? value.error.message : '')
      told.push(value.kind === 'waiting' ? `waiting for ${value.for}` : value.kind)
      if (wanted(value)) return
    }
  }
  const isWaiting = (event: FollowEvent) => event.kind === 'waiting'
  await until(isWaiting)
  for (const _ of [1, 2]) {
    console.error(`plug ${what}`)
    await until(({ kind }) => kind === 'attached')
    console.error(`unplug ${what}`)
    await until(isWaiting)
  }
  await following[Symbol.asyncDispose]()
  return told
}

/** The bus at which the lab's twins are, whose port 8 is free. */
const twin = await (await conn.resolve({ serial: 'LABUSB1' })).def()
const bus = twin.path?.split('/').at(-1)?.split('-')[0] ?? ''
const usb = await hotPlugged('usb', { port: `${bus}-8` })
/** What is plugged into the lab's root port rp9. */
const pci = await hotPlugged('pci', { pci: '0000:0d:00.0' })
plug()
await stop()
const followed = { log, replugged, usb, pci }
console.log(JSON.stringify(followed))
process.exit(0)

/** What is printed. */
export type FollowedByQemu = typeof followed
