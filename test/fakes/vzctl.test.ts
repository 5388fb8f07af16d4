import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { needs } from '../needs.js'
import { ContainerDevices } from './vzctl/devices.js'
import { FakeVzctl } from './vzctl/fake-vzctl.js'
import { type Link, MemoryNetwork } from './vzctl/network.js'
import { type Seen, type Transcript, transcripts } from './vzctl/transcript.js'

const all = transcripts()

/** What the recording says of the host beside what it shows, or shows otherwise than it was. */
const settings: Readonly<Record<string, (host: FakeVzctl) => void>> = {
  'd9-by-name-mismatch': (host) => symlinkSync(host.configOf('101'), join(host.root, 'etc/vz/names/web one')),
  'e3-start-noprivate': (host) => writeFileSync(host.configOf('109'), ''),
  'v7-fakeproc-a-json': threeContainers,
  'v9-fakeproc-one': threeContainers,
  'v14-same-force': (host) => host.addContainer('101', ''),
}

function threeContainers(host: FakeVzctl): void {
  const lines = (id: number, ip: string, name = '') => `# 1\n# 2\n# 3\nHOSTNAME="ct${id}.example"\n${ip}\n${name}\n`
  host.addContainer('101', lines(101, 'IP_ADDRESS="10.0.0.9"'))
  host.addContainer('102', lines(102, 'IP_ADDRESS="10.0.0.1 10.0.0.2"', 'NAME="web "one""'))
  host.addContainer('103', lines(103, ''))
  for (const id of ['102', '103']) rmSync(join(host.root, 'vz/root', id), { recursive: true })
  writeFileSync(join(host.root, 'running/101'), '')
}

/** Where the fake answers otherwise, and why. */
const otherwise: Readonly<Record<string, string>> = {
  'z7-83-noargs': "the usage is long and is the program's own text; of it the fake has the lines about devices",
}

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hostdev-vzctl-'))
})
afterEach(() => rmSync(root, { recursive: true }))

describe('the fake vzctl', () => {
  needs('the recorded runs of vzctl are not beside the project', all.length > 0).describe('as it was recorded', () => {
    it.each(all.filter(({ name }) => !Object.hasOwn(otherwise, name)))('answers $name', async (run) => {
      const { host, network } = hostOf(run)
      const ended = await host.execute(run.argv)
      expect(plain(ended.stdout)).toBe(plain(run.stdout))
      expect(plain(ended.stderr)).toBe(plain(run.stderr))
      expect(ended.status).toBe(run.status)
      if (run.before !== undefined)
        expect(plain(readFileSync(host.configOf('101'), 'latin1'))).toBe(plain(run.after ?? ''))
      if (run.seen) expect(now(host, network, idOf(run))).toEqual(comparable(run.seen.after))
    })

    it('knows every recording', () => {
      expect(all.length).toBeGreaterThanOrEqual(115)
      expect(
        Object.keys({ ...otherwise, ...settings }).filter((name) => !all.some((run) => run.name === name)),
      ).toEqual([])
    })
  })
})

const idOf = ({ argv }: Transcript): string => argv.find((word) => /^\d{3,}$/.test(word)) ?? '101'

/** A host as it was before the recorded run. */
function hostOf(run: Transcript): { host: FakeVzctl; network: MemoryNetwork } {
  const network = new MemoryNetwork()
  const kernel = /^v(7|9|12|14)-/.test(run.name) ? 'openvz' : 'upstream'
  const host = new FakeVzctl({ generation: run.generation, root, network, kernel, pci: ['0000:00:00.0'] })
  const id = idOf(run)
  if (run.before !== undefined) host.addContainer('101', run.before)
  if (run.seen) {
    host.addContainer(id, run.seen.before.lines.map((line) => `${line}\n`).join(''))
    for (const text of run.seen.before.host) add(network.host, text)
    if (run.seen.before.inside) {
      const inside = new Map<string, Link>()
      for (const text of run.seen.before.inside) add(inside, text)
      network.containers.set(id, inside)
      writeFileSync(join(root, 'running', id), '')
      host.devices.set(id, new ContainerDevices(run.seen.before.nodes, numbersOf(run.seen.before)))
    }
  }
  settings[run.name]?.(host)
  return { host, network }
}

/** `vz71b@vz71a:DOWN`, or `vz71b@if6:DOWN` where the other end is elsewhere. */
function add(links: Map<string, Link>, text: string): void {
  const [, name = '', end] = /^([^@:]+)(?:@([^:]+))?/.exec(text) ?? []
  // the end that is elsewhere has a number; it is the other one of the pair that was made for the recordings
  const peer = end?.startsWith('if') ? (name === 'vz71a' ? 'vz71b' : 'vz71a') : end
  links.set(name, {
    name,
    mac: '02:00:00:00:00:01',
    kind: peer === undefined ? 'physical' : 'veth',
    ...(peer !== undefined && { peer }),
  })
}

/** What there is now, as {@link comparable} has it. */
function now(host: FakeVzctl, network: MemoryNetwork, id: string): Seen {
  const text = readFileSync(host.configOf(id), 'latin1')
  const inside = network.containers.get(id)
  const devices = host.devices.get(id)
  return comparable({
    host: shown(network.host),
    ...(inside && { inside: shown(inside) }),
    ...(devices && { nodes: [...devices.nodes], numbers: devices.numbers }),
    lines: text.split('\n').filter(Boolean),
  })
}

const shown = (links: ReadonlyMap<string, Link>): string[] =>
  [...links.values()].map(
    ({ name, peer }) => `${name}${peer === undefined ? '' : `@${links.has(peer) ? peer : 'if0'}`}:DOWN`,
  )

/** In one order, without the numbers of interfaces, made up addresses, and what was there for no reason of vzctl's. */
function comparable({ host, inside, nodes, numbers, lines }: Seen): Seen {
  const links = (list: readonly string[]) => list.map((each) => each.replace(/@if\d+/, '@if')).sort()
  return {
    host: links(host).filter((each) => each.startsWith('vz71')),
    ...(inside && { inside: links(inside) }),
    ...(nodes && { nodes: [...nodes].sort() }),
    ...(numbers && { numbers: numbersOf({ numbers }) }),
    lines: lines.map(plain),
  }
}

/** Without the right to make any node, which every container has. */
const numbersOf = ({ numbers = [] }: Pick<Seen, 'numbers'>): string[] =>
  numbers.filter((each) => !each.endsWith(' m')).map((each) => each.replace(/ rwm$/, ''))

const plain = (text: string): string => text.replace(/(?:[\dA-F]{2}:){5}[\dA-F]{2}/gi, 'MAC').trimEnd()
