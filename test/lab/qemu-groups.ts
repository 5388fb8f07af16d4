/**
 * Runs in the lab: hands over PCI cards that are given away together: cards behind a bridge, a card with two functions.
 * Prints as JSON what it saw on the way.
 */
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type HostdevDef } from '../../src/index.js'
import { outcome } from './outcome.js'
import { changed, folder, kill, log, pci, start } from './qemu-guests.js'

execFileSync('modprobe', ['vfio-pci'])
await start('one')
await using conn = await connect(`qemu+qmp://${folder}`)
while ((await conn.listDomains()).length < 1) await sleep(500)
const one = await conn.lookupDomain('one')

/** Detaches a whole group, gives its devices at once, takes them back at once, and gives them back to the host. */
async function together(what: string, names: readonly [string, ...string[]], defs: readonly HostdevDef[]) {
  log(what)
  const alone = await outcome(one.attachHostdev({ name: names[0] }))
  await (await conn.lookupNodeDevice(names[0])).detach({ wholeGroup: true })
  const attached = await outcome(one.attachHostdevs(defs))
  const listed = await one.hostdevs()
  const detached = await outcome(one.detachHostdevs(defs))
  const left = await one.hostdevs()
  for (const name of names) await (await conn.lookupNodeDevice(name)).reattach()
  return { alone, attached, listed, detached, left, changed: await changed() }
}

const bridge = await together(
  'cards behind a bridge',
  ['pci_0000_04_01_0', 'pci_0000_04_02_0'],
  [pci(4, 1, 0, false), pci(4, 2, 0, false)],
)

/** Function 0 comes last: the guest sees them all when that has come. */
const at = (fn: number) =>
  ({ kind: 'pci', domain: 0, bus: 1, slot: 0, function: fn, ...(fn === 0 && { multifunction: true }) }) as const
const card = await together(
  'a card with two functions',
  ['pci_0000_01_00_0', 'pci_0000_01_00_1'],
  [
    { ...pci(1, 0, 1, false), address: at(1) },
    { ...pci(1, 0, 0, false), address: at(0) },
  ],
)
await kill('one')
log('done')

const groups = { bridge, card }
console.log(JSON.stringify(groups))
process.exit(0)

/** What is printed. */
export type QemuGroups = typeof groups
