import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { LinuxHost } from '../src/host/linux-host.js'
import { nodeDevice } from '../src/model/node-device.js'
import type { HostFiles } from '../src/os/host-files.js'
import { realFiles } from '../src/os/host-files-real.js'
import { type Benchmark, type BenchResult, inTurns } from './result.js'

const count = 10_000

/** A tree of so many PCI functions, as sysfs has them, in memory. */
function makeTree(): string {
  const root = mkdtempSync('/dev/shm/hostdev-bench-')
  const put = (path: string, text: string | Uint8Array) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const config = new Uint8Array(256)
  config.set([0x86, 0x80, 0xc9, 0x10])
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
  for (const folder of ['bus/pci/devices', 'bus/pci/drivers/igb', 'kernel/iommu_groups'])
    mkdirSync(join(root, folder), { recursive: true })
  for (let n = 0; n < count; n++) {
    const address = `${hex(n >> 16, 4)}:${hex((n >> 8) & 0xff, 2)}:${hex((n >> 3) & 0x1f, 2)}.${n & 7}`
    const at = `devices/pci0000:00/${address}`
    for (const [file, text] of Object.entries({
      class: '0x020000',
      vendor: '0x8086',
      device: '0x10c9',
      numa_node: '-1',
    }))
      put(`${at}/${file}`, `${text}\n`)
    put(`${at}/config`, config)
    mkdirSync(join(root, `kernel/iommu_groups/${n}/devices`), { recursive: true })
    symlinkSync(`../../../../${at}`, join(root, `kernel/iommu_groups/${n}/devices/${address}`))
    symlinkSync(`../../../kernel/iommu_groups/${n}`, join(root, at, 'iommu_group'))
    symlinkSync('../../../bus/pci/drivers/igb', join(root, at, 'driver'))
    symlinkSync('../../../bus/pci', join(root, at, 'subsystem'))
    symlinkSync(`../../../${at}`, join(root, `bus/pci/devices/${address}`))
  }
  return root
}

/** Notes what is asked of a host's files, for the C program to do again. */
function noting(files: HostFiles, list: string[]): HostFiles {
  const note = <T>(line: string, answer: T): T => {
    list.push(line)
    return answer
  }
  return {
    list: (path) => note(`d ${path}`, files.list(path)),
    link: (path) => note(`l ${path}`, files.link(path)),
    real: (path) => note(`r ${path}`, files.real(path)),
    stat: (path) => note(`s ${path}`, files.stat(path)),
    bytes: (path, max = 4096, from = 0) => note(`b ${max} ${from} ${path}`, files.bytes(path, max, from)),
    bytesLater: (path, max, options) => note(`b ${max} 0 ${path}`, files.bytesLater(path, max, options)),
  }
}

const names = async (files: HostFiles) => {
  const found = await new LinuxHost({ files }).list({ capability: 'pci' }, {})
  if (found.length !== count) throw new Error(`${found.length} devices were listed, not ${count}`)
}
const dump = async (files: HostFiles) => {
  let size = 0
  for await (const def of new LinuxHost({ files }).defs({ capability: 'pci' }, {}))
    size += nodeDevice.format(def).length
  if (size < count * 300) throw new Error('the dump is too short')
}

/** Measures with the tree in place of /sys; runs in a mount namespace of its own. */
export async function measureEnumeration(tree: string, replay: string): Promise<BenchResult[]> {
  execFileSync('mount', ['--bind', tree, '/sys'])
  const files = realFiles()
  const lists = { names: join(tree, 'names.list'), dump: join(tree, 'dump.list') }
  for (const [file, work] of [
    [lists.names, names],
    [lists.dump, dump],
  ] as const) {
    const operations: string[] = []
    await work(noting(files, operations))
    writeFileSync(file, `${operations.join('\n')}\n`)
  }
  // the processor's time on both sides, which other programs on the machine do not lengthen
  const inNode = (work: (files: HostFiles) => Promise<void>) => async () => {
    const before = process.cpuUsage()
    await work(files)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
  const inC = (list: string) => () => Number(execFileSync(replay, [list], { encoding: 'utf8' }).split(' ')[0])
  // V8 still works on what is run for the fifth time, which makes a listing of 10 ms twice as long
  const [ourNames = 0, cNames = 1] = await inTurns([inNode(names), inC(lists.names)], 49)
  const [ourDump = 0, cDump = 1] = await inTurns([inNode(dump), inC(lists.dump)], 15)
  const stall = monitorEventLoopDelay({ resolution: 1 })
  stall.enable()
  await dump(files)
  stall.disable()
  const longest = stall.max / 1e6
  return [
    {
      name: `names of ${count} devices`,
      value: (ourNames * 1000) / count,
      unit: 'µs a device',
      peer: 'C, the same calls',
      ratio: ourNames / cNames,
      goal: 2.5,
      bound:
        'the listing of the folder, which Node sorts: half of the time, and 1.5 times what C takes for it; the rest is spread over picking the addresses and making the names',
    },
    {
      name: `list and dump ${count} devices`,
      value: (ourDump * 1000) / count,
      unit: 'µs a device',
      peer: 'C, the same calls',
      ratio: ourDump / cDump,
      goal: 2.3,
      bound:
        "Node's file calls, 60 % of the time: made by themselves, with nothing of ours, they take 1.4 times what C takes for them; reading and writing XML without any takes another 0.5, and the rest is what one costs the other in the processor's caches",
    },
    { name: 'longest event-loop stall of it', value: longest, unit: 'ms', ratio: longest, goal: 30 },
  ]
}

/** Listing and dumping many devices against a C program that opens and reads the same files. */
export const enumerate: Benchmark = {
  name: 'enumerate',
  async run() {
    if (process.getuid?.() !== 0) return { skipped: 'only root can put a tree in place of /sys' }
    const folder = mkdtempSync('/dev/shm/hostdev-replay-')
    const replay = join(folder, 'replay')
    const compiled = spawnSync('gcc', ['-O2', '-o', replay, 'bench/replay.c'], { encoding: 'utf8' })
    if (compiled.status !== 0) return { skipped: `gcc is not there or failed: ${compiled.stderr ?? ''}`.trim() }
    const tree = makeTree()
    try {
      const child = spawnSync(
        'unshare',
        ['--mount', process.execPath, process.argv[1] as string, '--enumerate', tree, replay],
        {
          encoding: 'utf8',
          maxBuffer: 1e8,
        },
      )
      if (child.status !== 0) return { skipped: `a mount namespace cannot be had: ${child.stderr.trim()}` }
      return JSON.parse(child.stdout) as BenchResult[]
    } finally {
      rmSync(tree, { recursive: true })
      rmSync(folder, { recursive: true })
    }
  },
}
