/** Runs in the lab: QEMU guests without libvirt, and what has become of the host's devices. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Domain, HostdevDef, HostdevRequest } from '../../src/index.js'
import { outcome } from './outcome.js'

/** Where the monitors are. */
export const folder = '/tmp/monitors'
const guests = new Map<string, ChildProcess>()
const began = Date.now()
export const log = (text: string) => process.stderr.write(`[${((Date.now() - began) / 1000).toFixed(1)}] ${text}\n`)

// sockets of an earlier run have nobody behind them
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)

/** What libvirt would make of the domain that the comparison defines: four ports, a USB and a SCSI controller. */
const board = [
  ...[1, 2, 3, 4].flatMap((port) => [
    '-device',
    `pcie-root-port,id=pci.${port},chassis=${port},slot=${port},addr=${port}`,
  ]),
  ...['-device', 'qemu-xhci,id=usb,p2=8,p3=8,addr=5', '-device', 'virtio-scsi-pci,id=scsi0,addr=6'],
]
/** Without ACPI in between QEMU takes PCI devices from a guest that has no system. */
export const noSystem = ['-global', 'ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off']
/** Before its first instruction. */
export const stopped = ['-S', ...noSystem]

/** Starts a guest and waits for its monitor. */
export async function start(name: string, args: readonly string[] = stopped): Promise<void> {
  const monitor = `${folder}/${name}.sock`
  const machine = '-nodefaults -display none -machine q35 -accel tcg -m 128 -name'.split(' ')
  const argv = [...machine, name, ...board, '-qmp', `unix:${monitor},server=on,wait=off`, ...args]
  guests.set(name, spawn('qemu-system-x86_64', argv, { stdio: ['ignore', 'inherit', 'inherit'] }))
  while (!existsSync(monitor)) await sleep(100)
}

/** Kills a guest, and waits for its end. */
export async function kill(name: string): Promise<void> {
  const child = guests.get(name)
  child?.kill('SIGKILL')
  while (child?.signalCode === null) await sleep(50)
}

/** Driver of every PCI function and USB interface, and the overrides: what has to be as it was. */
function host(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const bus of ['pci', 'usb'])
    for (const device of readdirSync(`/sys/bus/${bus}/devices`)) {
      const at = `/sys/bus/${bus}/devices/${device}`
      const driver = existsSync(`${at}/driver`) ? (readlinkSync(`${at}/driver`).split('/').at(-1) ?? '') : '-'
      const override = existsSync(`${at}/driver_override`) ? readFileSync(`${at}/driver_override`, 'utf8').trim() : ''
      found[device] = `${driver} ${override}`
    }
  return found
}
const beginning = host()

/** What is not as it was at the beginning, or since then, when all has settled. */
export async function changed(since = beginning): Promise<string[]> {
  for (let wait = 0; ; wait++) {
    const now = host()
    const differing = Object.keys({ ...since, ...now }).filter((device) => now[device] !== since[device])
    if (differing.length === 0 || wait === 120)
      return differing.map((device) => `${device}: ${since[device]} -> ${now[device]}`)
    await sleep(500)
  }
}

/** What was seen of a device that was given and taken. */
export interface Round {
  readonly what: string
  readonly attached: HostdevDef | string
  readonly listed: readonly HostdevDef[]
  readonly again?: HostdevDef | string
  readonly detached: string
  readonly changed: readonly string[]
}

/** Gives and takes a device, and sees what has changed. */
export async function round(guest: Domain, what: string, wanted: HostdevRequest): Promise<Round> {
  log(what)
  const since = host()
  const attached = await outcome(guest.attachHostdev(wanted))
  if (typeof attached === 'string') return { what, attached, listed: [], detached: '', changed: await changed(since) }
  const listed = await guest.hostdevs()
  const again = await outcome(guest.attachHostdev(wanted))
  const detached = await outcome(guest.detachHostdev(attached))
  return { what, attached, listed, again, detached, changed: await changed(since) }
}

export const pci = (bus: number, slot: number, fn: number, managed = true): Extract<HostdevDef, { kind: 'pci' }> => ({
  kind: 'pci',
  managed,
  source: { address: { domain: 0, bus, slot, function: fn } },
})
export const usb = (
  source: Extract<HostdevDef, { kind: 'usb' }>['source'],
  managed = false,
): Extract<HostdevDef, { kind: 'usb' }> => ({ kind: 'usb', managed, source })
