/**
 * Runs in the lab's dom0: makes a network card assignable and hands it to a guest, by turns through us and
 * through xl; prints what it saw.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../../src/index.js'
import { runCommand } from '../../../src/os/command.js'
import { realWrites } from '../../../src/os/host-writes-real.js'
import { type XenOptions, xen } from '../../../src/xen.js'
import { outcome } from '../outcome.js'
import { driverOf } from './in-dom0.js'

const name = 'pvpci'
const address = '0000:00:09.0'
const card = 'pci_0000_00_09_0'
const source = { address: { domain: 0, bus: 0, slot: 9, function: 0 }, writeFiltering: false }
const hostdev = (managed: boolean) => ({ kind: 'pci', managed, source }) as const

/** The lab is emulated, and slow where others are at work beside it. */
const patient = { patience: 600_000 }
const run = (...argv: [string, ...string[]]) => execFileSync(argv[0], argv.slice(1), { encoding: 'utf8' })
const xl = (...args: string[]) => run('xl', ...args)

/**
 * What is seen of the card: nodes of xenstore, but for what differs each time a ring is made, its
 * driver and pciback's list.
 */
function look() {
  const rows = run('xenstore-ls', '-fp').split('\n')
  const tree = rows.filter((row) => /\/pci\b/.test(row) && !/event-channel|pci-op-ref|\/error\b/.test(row))
  const slots = readFileSync('/sys/bus/pci/drivers/pciback/slots', 'utf8').trim()
  return { tree: tree.map((row) => row.replace(/ +\(/, ' (').trimEnd()), driver: driverOf('pci', address), slots }
}

/** What was seen last, on standard error: for who watches a slow machine. */
const noted = <T>(what: string, seen: T): T => {
  console.error(what, JSON.stringify(seen))
  return seen
}

/** How often the guest has said that its driver has the card. */
let come = 0

/** Waits until the guest's driver has the card, or the guest has it no more, and both ends have done with that. */
async function guestSays(what: 'added' | 'removed'): Promise<void> {
  const backend = `/local/domain/0/backend/pci/${xl('domid', name).trim()}/0`
  const state = () => spawnSync('xenstore-read', [`${backend}/state`], { encoding: 'utf8' }).stdout.trim()
  if (what === 'removed') {
    // what its kernel says of it goes through the middle of what the guest says
    while (state() !== '') await sleep(500)
    return
  }
  come++
  // a kernel that loses a card which its driver still looks for can fall over, and never lets go of the card then
  const said = () => readFileSync(`/var/log/xen/console/guest-${name}.log`, 'utf8').split('added driver ').length - 1
  while (said() < come || state() !== '4') await sleep(500)
}

/**
 * Opens the host such that this process is killed at the write or the command of that number, which then goes on alone.
 */
function dyingAt(point: number): XenOptions {
  const writes = realWrites()
  let count = 0
  const die = () => process.kill(process.pid, 'SIGKILL')
  return {
    ...patient,
    run(argv, options) {
      const isPoint = argv[0] === 'xl' && argv[1]?.startsWith('pci-') && ++count === point
      const running = runCommand(argv, options)
      if (isPoint) die()
      return running
    },
    writes: {
      allowed: (path) => writes.allowed(path),
      read: (path) => writes.read(path),
      async write(...args) {
        if (++count === point) die()
        return await writes.write(...args)
      },
    },
  }
}

/** Kills a change of the card at one point and recovers it; while an xl that it has started is at work, it is busy. */
async function killAt(work: 'detach' | 'attach', point: number) {
  const { signal } = spawnSync(process.execPath, [process.argv[1] ?? '', work, String(point)], { encoding: 'utf8' })
  await using host = await connect(xen(patient))
  const recovered: string[] = []
  for (;;) {
    const results = (await host.recover()).map(({ result }) => result)
    for (const result of results) if (recovered.at(-1) !== result) recovered.push(result)
    if (!results.includes('busy')) return { point, signal, recovered, ...look() }
    await sleep(500)
  }
}

async function assignable() {
  await using host = await connect(xen(patient))
  const device = await host.lookupNodeDevice(card)
  run('modprobe', 'xen-pciback')
  const start = look()
  const steps = (await device.detach()).length
  const byUs = { ...look(), list: xl('pci-assignable-list').trim() }
  xl('pci-assignable-remove', '-r', address)
  const xlGaveBack = look()
  xl('pci-assignable-add', address)
  const byXl = { ...look(), list: xl('pci-assignable-list').trim() }
  await device.reattach()
  const weGaveBack = look()
  const killed = []
  for (const point of [1, 2, 3, 4]) killed.push(await killAt('detach', point))
  return { steps, start, byUs, xlGaveBack, byXl, weGaveBack, killed }
}

async function guest() {
  await using host = await connect(xen(patient))
  const before = look()
  xl('pci-assignable-add', address)
  xl('create', '-q', `/lab/guest/xen/${name}.cfg`)
  await guestSays('added')
  const theGuest = await host.lookupDomain(name)
  const started = { ...look(), hostdevs: await theGuest.hostdevs() }

  await theGuest.detachHostdev(hostdev(false))
  await guestSays('removed')
  const weTookIt = look()
  const attached = await theGuest.attachHostdev(hostdev(false))
  await guestSays('added')
  const byUs = { ...look(), listed: xl('pci-list', name) }
  xl('pci-detach', name, address)
  await guestSays('removed')
  const xlTookIt = { ...look(), hostdevs: await theGuest.hostdevs() }
  xl('pci-attach', name, `${address},permissive=1`)
  await guestSays('added')
  const byXl = { ...look(), hostdevs: await theGuest.hostdevs() }

  noted('in turns', { started, weTookIt, byUs, xlTookIt, byXl })
  const other = noted('another guest', await secondGuest())
  await theGuest.detachHostdev(hostdev(false))
  await guestSays('removed')
  await (await host.lookupNodeDevice(card)).reattach()
  const returned = look()

  await theGuest.attachHostdev(hostdev(true))
  await guestSays('added')
  const managed = { ...look(), hostdevs: await theGuest.hostdevs() }
  await theGuest.detachHostdev(hostdev(true))
  await guestSays('removed')
  const unmanaged = look()

  // 1 to 4 make it assignable, at 5 xl is giving it to the guest
  const undone = await killAt('attach', 4)
  const finished = await killAt('attach', 5)
  await guestSays('added')
  xl('destroy', name)
  const left = look()
  const recovered = (await host.recover()).map(({ result }) => result)
  const end = look()
  return {
    before,
    started,
    weTookIt,
    attached,
    byUs,
    xlTookIt,
    byXl,
    other,
    returned,
    managed,
    unmanaged,
    undone,
    finished,
    left,
    recovered,
    end,
  }
}

/** Another guest wants the card: xl fails, and forgets on the way whose it is. */
async function secondGuest() {
  await using host = await connect(xen(patient))
  xl('create', '-q', '/lab/guest/xen/pv.cfg')
  const asked = outcome(host.lookupDomain('pv').then((pv) => pv.attachHostdev(hostdev(false))))
  const first = await asked
  const byXl = spawnSync('xl', ['pci-attach', 'pv', address], { encoding: 'utf8' })
  const holder = spawnSync('xenstore-read', ['/libxl/pci/0000-00-09-0/domid']).status === 0
  const again = await outcome(host.lookupDomain('pv').then((pv) => pv.attachHostdev(hostdev(false))))
  const back = await outcome(host.lookupNodeDevice(card).then((device) => device.reattach()))
  xl('destroy', 'pv')
  return { first, xlStatus: byXl.status, xlForgot: !holder, again, back, stderr: byXl.stderr }
}

const [work, point] = process.argv.slice(2)
if (work === 'detach' || work === 'attach') {
  const host = await connect(xen(dyingAt(Number(point))))
  if (work === 'detach') await (await host.lookupNodeDevice(card)).detach()
  else await (await host.lookupDomain(name)).attachHostdev(hostdev(true))
  process.exit()
}
const seen = { assignable: noted('assignable', await assignable()), guest: noted('guest', await guest()) }
console.log(JSON.stringify(seen))

/** What it prints. */
export type PciHandOver = typeof seen
