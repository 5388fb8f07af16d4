/**
 * A fleet of 32 real libvirtds, of which two hang and one dies, beside the same fleet in which all are well.
 * `npm run bench:daemons -- fleet-libvirtd [ROUNDS]`
 */
import { Fleet } from '../src/index.js'
import { type OwnLibvirtd, ownLibvirtd } from '../test/live/own-libvirtd.js'
import { median } from './result.js'

const size = 32
const rounds = Number(process.argv[2] ?? 7)
const daemons: OwnLibvirtd[] = []
for (let i = 0; i < size; i += 4) daemons.push(...(await Promise.all(Array.from({ length: 4 }, () => ownLibvirtd()))))
const uris = daemons.map(({ socket }) => `qemu+unix:///session?socket=${socket}`)
const [hangs, hangsToo, dies] = [3, 17, 8] as const
const sick: readonly number[] = [hangs, hangsToo, dies]
const well = uris.filter((_, i) => !sick.includes(i))

/** Milliseconds until the last of the healthy hosts has told all, and how many devices there were. */
async function list(hosts: readonly string[], onFirst = () => {}): Promise<{ time: number; devices: number }> {
  let [last, devices] = [0, 0]
  const started = performance.now()
  const onProgress = ({ host }: { host: string }) => {
    if (well.includes(host)) last = performance.now() - started
  }
  for await (const { value } of new Fleet(hosts, { timeout: 2000, onProgress }).listNodeDevices()) {
    if (devices === 0) onFirst()
    if (value) devices++
  }
  return { time: last, devices }
}

const alone: number[] = []
for (const uri of well) alone.push((await list([uri])).time)
const healthy: number[] = []
for (let i = 0; i < rounds; i++) healthy.push((await list(well)).time)
for (const i of sick) daemons[i]?.process.kill('SIGSTOP')
const mixed: number[] = []
for (let i = 0; i < rounds; i++) {
  const { time, devices } = await list(uris, () => daemons[dies]?.process.kill('SIGKILL'))
  mixed.push(time)
  if (i === 0) console.log(`${devices} devices on ${well.length} healthy hosts`)
}
const [a, b] = [median(healthy), median(mixed)]
console.log(`the slowest healthy host, asked alone: ${Math.max(...alone).toFixed(1)} ms`)
console.log(`the slowest healthy host of ${well.length}, all well: ${a.toFixed(1)} ms`)
console.log(
  `the same, beside two that hang and one that dies: ${b.toFixed(1)} ms, ${(b / a).toFixed(2)} times (goal 1.3)`,
)
for (const daemon of daemons) {
  daemon.process.kill('SIGCONT')
  await daemon[Symbol.asyncDispose]()
}
