/**
 * Runs in the lab's dom0: hands USB devices to a guest and back, by turns through us and
 * through xl; prints what it saw.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { connect, type HostdevDef } from '../../../src/index.js'
import { realWrites } from '../../../src/os/host-writes-real.js'
import { type XenOptions, xen } from '../../../src/xen.js'
import { PlayedBackends } from '../../fakes/xen-backends.js'
import { outcome } from '../outcome.js'
import { driverOf } from './in-dom0.js'

const name = 'pvusb'
/** The lab is emulated, and slow where others are at work beside it. */
const patient = { patience: 600_000 }
const run = (...argv: [string, ...string[]]) => execFileSync(argv[0], argv.slice(1), { encoding: 'utf8' })
const xl = (...args: string[]) => run('xl', ...args)
const says = (line: string) => run('lab-guest-says', name, line)

/** Nodes that are about USB; what differs each time a ring is made is left out. */
const tree = () =>
  run('xenstore-ls', '-fp')
    .split('\n')
    .filter((row) => /usb/.test(row) && !/ring-ref|event-channel|\/domain\/\d+\/name|\/vm\/|device-model/.test(row))
    .map((row) => row.replace(/ +\(/, ' (').trimEnd())

/** Opens the host such that this process is killed at the write of that number. */
function dyingAt(point: number): XenOptions {
  const writes = realWrites()
  let count = 0
  return {
    ...patient,
    writes: {
      allowed: (path) => writes.allowed(path),
      read: (path) => writes.read(path),
      async write(...args) {
        if (++count === point) process.kill(process.pid, 'SIGKILL')
        return await writes.write(...args)
      },
    },
  }
}

/** The disk on the EHCI controller. */
async function theDisk(): Promise<{ hostdev: HostdevDef; busId: string; numbers: [string, string] }> {
  await using host = await connect(xen(patient))
  const [device] = await Promise.all(
    (await host.listNodeDevices({ capability: 'usb_device' })).map(async (each) => await each.def()),
  ).then((defs) => defs.filter((def) => JSON.stringify(def).includes('LABUSB2')))
  const usb = device?.capabilities[0]
  if (usb?.kind !== 'usb_device' || device?.path === undefined) throw new Error('there is no disk')
  const { bus, device: number } = usb
  return {
    hostdev: { kind: 'usb', managed: false, source: { address: { bus, device: number } } },
    busId: device.path.split('/').at(-1) ?? '',
    numbers: [`hostbus=${bus}`, `hostaddr=${number}`],
  }
}

async function emulatedBackend() {
  const { hostdev, busId, numbers } = await theDisk()
  const [disk] = readdirSync('/sys/bus/usb/devices').filter((each) => each.startsWith(`${busId}:`))
  const driver = () => driverOf('usb', disk ?? '')
  await using host = await connect(xen(patient))
  const guest = await host.lookupDomain(name)
  const info = await guest.info()
  const start = { tree: tree(), driver: driver() }

  const attached = await guest.attachHostdev(hostdev)
  says('added usb 1-1 46f4:0001')
  const byUs = { tree: tree(), driver: driver(), listed: xl('usb-list', name) }
  const taken = await outcome(
    guest.attachHostdev({ ...hostdev, address: { kind: 'usb', bus: 0, port: '2' } } as HostdevDef),
  )
  xl('usbdev-detach', name, '0', '1')
  says('removed usb 1-1 46f4:0001')
  const xlTookIt = { tree: tree(), hostdevs: await guest.hostdevs() }

  xl('usbdev-attach', name, ...numbers)
  says('added usb 1-1 46f4:0001')
  const byXl = { tree: tree(), hostdevs: await guest.hostdevs() }
  await guest.detachHostdev(hostdev)
  says('removed usb 1-1 46f4:0001')
  const weTookIt = { tree: tree(), driver: driver() }

  const controller = await guest.attachController({ version: 1, ports: 2 })
  const controllerByUs = { tree: tree(), listed: xl('usb-list', name) }
  xl('usbctrl-detach', name, '1')
  const xlTookController = tree()
  xl('usbctrl-attach', name, 'type=qusb', 'version=1', 'ports=2')
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const controllerByXl = { tree: tree(), controllers: await guest.controllers() }
  await guest.detachController(1)
  const weTookController = tree()
  return {
    info,
    attached,
    start,
    byUs,
    taken,
    xlTookIt,
    byXl,
    weTookIt,
    controller,
    controllerByUs,
    xlTookController,
    controllerByXl,
    weTookController,
  }
}

/** The backend of dom0's kernel is a stand-in, so both ends are played; what the toolstacks do to dom0 is real. */
async function kernelBackend() {
  run('modprobe', 'usbback')
  writeFileSync('/sys/module/usbback/parameters/armed', '1')
  const { hostdev, busId, numbers } = await theDisk()
  const intf = readdirSync('/sys/bus/usb/devices').find((each) => each.startsWith(`${busId}:`)) ?? ''
  await using _ = await PlayedBackends.on('/run/xenstored/socket')
  await using host = await connect(xen(patient))
  const guest = await host.lookupDomain(name)
  const before = tree()
  const driver = driverOf('usb', intf)
  const controller = await guest.attachController({ type: 'pv', ports: 2 })
  const withController = tree()
  const place = { kind: 'usb', bus: controller.index ?? 0 } as const
  const wanted = { ...hostdev, address: place } as HostdevDef

  await guest.attachHostdev(wanted)
  const byUs = { tree: tree(), driver: driverOf('usb', intf) }
  xl('usbdev-detach', name, String(controller.index), '1')
  const xlTookIt = { tree: tree(), driver: driverOf('usb', intf) }
  xl('usbdev-attach', name, ...numbers, `controller=${controller.index}`)
  const byXl = { tree: tree(), driver: driverOf('usb', intf) }
  await guest.detachHostdev(hostdev)
  const weTookIt = { tree: tree(), driver: driverOf('usb', intf) }

  const crashes: { point: number; killed: boolean; recovered: string[]; tree: string[]; driver: string | null }[] = []
  for (const point of [1, 2]) {
    const { signal } = spawnSync(process.execPath, [
      process.argv[1] ?? '',
      'die',
      String(point),
      JSON.stringify(wanted),
    ])
    const recovered = (await host.recover()).map(({ result }) => result)
    crashes.push({ point, killed: signal === 'SIGKILL', recovered, tree: tree(), driver: driverOf('usb', intf) })
  }
  await guest.detachController(controller.index ?? 0)
  const after = tree()
  run('rmmod', 'usbback')
  return { driver, before, withController, byUs, xlTookIt, byXl, weTookIt, crashes, after }
}

const [work, point, def] = process.argv.slice(2)
if (work === 'die') {
  const host = await connect(xen(dyingAt(Number(point))))
  await (await host.lookupDomain(name)).attachHostdev(JSON.parse(def ?? '') as HostdevDef)
  process.exit()
}
const seen = { emulated: await emulatedBackend(), kernel: await kernelBackend() }
console.log(JSON.stringify(seen))

/** What it prints. */
export type UsbHandOver = typeof seen
