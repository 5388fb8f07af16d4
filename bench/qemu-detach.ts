/**
 * USB devices taken from a guest of a real QEMU: one, and four at once. The hardware is played; the monitor, the
 * events, the journal and its locks are not. `npm run bench:daemons -- qemu-detach ROUNDS`
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type HostdevDef } from '../src/index.js'
import { qemu } from '../src/qemu.js'
import { usb, usbRoot } from '../test/data/passthrough-tree.js'
import { FakeHost } from '../test/fakes/managed-host.js'
import { qemuHardware } from '../test/fakes/qemu-hardware.js'
import { startQemu } from '../test/live/qemu.js'

const rounds = Number(process.argv[2] ?? 20)
const numbers = [21, 22, 23, 24]
const sticks = numbers.flatMap((number) => [
  ...usb(`${usbRoot}/1-${number}`, { busnum: '1\n', devnum: `${number}\n`, idVendor: '0951\n', idProduct: '1666\n' }, [
    { class: 'ff' },
  ]),
  [`/dev/bus/usb/001/0${number}`, { kind: 'char' as const }] as const,
])
const defs = numbers.map(
  (device): HostdevDef => ({ kind: 'usb', managed: false, source: { address: { bus: 1, device } } }),
)

const folder = mkdtempSync(join(tmpdir(), 'hostdev-bench-'))
const host = new FakeHost(sticks)
const machine = await startQemu()
const hardware = await qemuHardware(() => machine.path)
const { files, kernel: writes } = host
const stateFolder = join(folder, 'state')
const conn = await connect(qemu({ monitors: { web: hardware.path }, files, writes, run: writes.run, stateFolder }))
const guest = await conn.lookupDomain('web')

async function timeOf(some: readonly HostdevDef[]): Promise<number> {
  await guest.attachHostdevs(some)
  const began = performance.now()
  await guest.detachHostdevs(some)
  return performance.now() - began
}
const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN

const times: { one: number[]; four: number[] } = { one: [], four: [] }
await timeOf(defs)
for (let round = 0; round < rounds; round++) {
  times.one.push(await timeOf(defs.slice(0, 1)))
  times.four.push(await timeOf(defs))
}
const [one, four] = [median(times.one), median(times.four)]
console.log(`one: ${one.toFixed(1)} ms, four at once: ${four.toFixed(1)} ms, ratio ${(four / one).toFixed(2)}`)

await conn.close()
await hardware[Symbol.asyncDispose]()
await machine[Symbol.asyncDispose]()
host[Symbol.dispose]()
rmSync(folder, { recursive: true })
