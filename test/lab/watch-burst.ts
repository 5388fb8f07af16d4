/**
 * Runs in the lab: makes network interfaces at once and takes them away, and prints what is told of them: by the host
 * itself, and, where it is asked for, by its libvirtd and by virsh.
 */
import { execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connect, type DeviceEvent } from '../../src/index.js'

const run = promisify(execFile)
const count = Number(process.argv[2])
const uris = process.argv.slice(3)

/** How often each event was told of, by the name that the interface was made under. */
class Told {
  readonly #times = new Map<string, string[]>()
  readonly began = performance.now()

  add({ kind, device }: Pick<DeviceEvent, 'kind' | 'device'>): void {
    const name = /^net_(burst\d+)_/.exec(device)?.[1]
    if (name === undefined || !['created', 'deleted'].includes(kind)) return
    const key = `${kind} ${name}`
    this.#times.set(key, [
      ...(this.#times.get(key) ?? []),
      `${device} after ${Math.round(performance.now() - this.began)} ms`,
    ])
  }

  get size(): number {
    return this.#times.size
  }

  get result() {
    const doubled = [...this.#times].filter(([, times]) => times.length > 1)
    return { told: this.size, doubled: doubled.length, examples: doubled.slice(0, 3) }
  }
}

const told: Record<string, Told> = {}
const ends: (() => unknown)[] = []
for (const uri of uris) {
  const seen = new Told()
  told[uri] = seen
  if (uri === 'virsh') {
    const listener = spawn('virsh', ['--connect', 'qemu:///system', 'nodedev-event', '--event', 'lifecycle', '--loop'])
    let rest = ''
    listener.stdout.on('data', (chunk) => {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [, device, kind] = /device (\S+): (\S+)/.exec(line) ?? []
        if (device && kind) seen.add({ device, kind: kind.toLowerCase() as DeviceEvent['kind'] })
      }
    })
    ends.push(() => listener.kill())
    continue
  }
  const conn = await connect(uri)
  const watch = await conn.watchNodeDevices()
  const reading = (async () => {
    for await (const event of watch) seen.add(event)
  })()
  ends.push(async () => {
    await watch[Symbol.asyncDispose]()
    await reading
    await conn.close()
  })
}
await sleep(3000)

async function burst(verb: 'add' | 'del', type: string, until: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, n) => `link ${verb} burst${n}${type}`)
  writeFileSync('/tmp/burst', lines.join('\n'))
  const began = performance.now()
  await run('ip', ['-batch', '/tmp/burst'])
  const took = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
  console.error(`ip has done it after ${took()}`)
  const left = new Set(uris)
  while (left.size > 0) {
    await sleep(200)
    for (const uri of left)
      if ((told[uri]?.size ?? 0) >= until) {
        console.error(`${uri} has told after ${took()}`)
        left.delete(uri)
      }
  }
}
await burst('add', ' type dummy', count)
await burst('del', '', 2 * count)
// what is told twice comes late
await sleep(5000)
for (const end of ends) await end()
console.log(JSON.stringify(Object.fromEntries(Object.entries(told).map(([uri, seen]) => [uri, seen.result]))))
