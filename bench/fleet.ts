/**
 * What a fleet costs: a thousand hosts, played by another process, asked by this one; and ten times as many.
 * `npm run bench:daemons -- fleet [HOSTS] [DEVICES]`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Fleet, type FleetAnswer, type FleetHost } from '../src/index.js'
import { libvirt } from '../src/libvirt.js'
import { connectUnix } from '../src/os/socket.js'
import { playHosts } from './played-hosts.js'

/** Collects garbage, so that memory is what is held. */
function collector(): () => void {
  setFlagsFromString('--expose_gc')
  return runInNewContext('gc')
}

const held = () => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function main(hosts: number, devices: number): Promise<void> {
  const collect = collector()
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-fleet-'))
  const player = spawn(process.execPath, [fileURLToPath(import.meta.url), 'play', folder, `${hosts}`, `${devices}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(player.stdout, 'data')
  const count = { calls: 0, sent: 0, received: 0 }
  const host = (i: number): FleetHost => ({
    name: `host-${i}`,
    open: () =>
      libvirt({
        uri: 'test:///default',
        readOnly: true,
        dial: async (_address, limits) => {
          const stream = await connectUnix(join(folder, `${i % hosts}`), limits)
          return {
            ...stream,
            send(bytes) {
              count.calls++
              count.sent += bytes.length
              stream.send(bytes)
            },
            receive: (data, closed) =>
              stream.receive((chunk) => {
                count.received += chunk.length
                data(chunk)
              }, closed),
          }
        },
      }),
  })
  const fleetOf = (size: number, concurrency: number) =>
    new Fleet(
      Array.from({ length: size }, (_, i) => host(i)),
      { concurrency, timeout: 600_000 },
    )

  async function measure<T>(what: string, size: number, answers: AsyncIterable<FleetAnswer<T>>): Promise<void> {
    collect()
    Object.assign(count, { calls: 0, sent: 0, received: 0 })
    const [before, started, cpu] = [process.memoryUsage().rss, performance.now(), process.cpuUsage()]
    let [peak, found, first] = [before, 0, 0]
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 20)
    for await (const { error } of answers) {
      if (error) throw error
      if (found++ === 0) first = performance.now() - started
    }
    clearInterval(watch)
    const wall = performance.now() - started
    const used = process.cpuUsage(cpu)
    const per = (value: number) => (value / size).toFixed(2)
    const kilobytes = (bytes: number) => `${(bytes / size / 1024).toFixed(1)} KiB`
    console.log(
      [
        `${what}: ${size} hosts, ${found} answers in ${(wall / 1000).toFixed(2)} s, the first after ${first.toFixed(0)} ms`,
        `  a host: ${per(wall)} ms, ${per((used.user + used.system) / 1000)} ms of CPU, ${per(count.calls)} calls,` +
          ` ${kilobytes(count.sent)} sent, ${kilobytes(count.received)} received`,
        `  memory: ${((peak - before) / 1024 / 1024).toFixed(0)} MiB more at the most`,
      ].join('\n'),
    )
  }

  await measure('warming up', 100, fleetOf(100, 32).listNodeDevices())
  for (const concurrency of [32, hosts]) {
    await measure(`names, ${concurrency} at a time`, hosts, fleetOf(hosts, concurrency).listNodeDeviceNames())
    await measure(`defs, ${concurrency} at a time`, hosts, fleetOf(hosts, concurrency).listNodeDevices())
  }

  collect()
  const before = held()
  const events = await fleetOf(hosts, 100).watchNodeDevices()
  collect()
  console.log(`${hosts} hosts watched: ${((held() - before) / hosts / 1024).toFixed(1)} KiB of memory a host`)
  await events[Symbol.asyncDispose]()

  const many = hosts * 10
  await measure('names, 32 at a time', many, fleetOf(many, 32).listNodeDeviceNames())
  await measure('defs, 32 at a time', many, fleetOf(many, 32).listNodeDevices())
  player.stdin.end()
  await once(player, 'exit')
  rmSync(folder, { recursive: true })
}

const [first = '1000', second = '200', ...rest] = process.argv.slice(2)
if (first === 'play') await playHosts(second, Number(rest[0]), Number(rest[1]))
else await main(Number(first), Number(second))
