import { Command } from 'commander'
import pc from 'picocolors'
import { describe, expect, it } from 'vitest'
import type { Ability } from '../../src/backend.js'
import { addDoctor } from '../../src/cli/commands/doctor.js'
import { connect } from '../../src/index.js'
import { mock } from '../../src/mock.js'

const readOnly = { can: false, reason: '/sys is mounted read-only', remedy: 'be privileged' }
const abilities: Ability[] = [
  { call: 'devices.detach', ...readOnly },
  { call: 'devices.detach', can: false, reason: 'a \u001b[31mred reason' },
  { call: 'devices.watch', can: true },
  { call: 'devices.reset', ...readOnly },
]

async function doctor(...flags: string[]): Promise<string> {
  const backend = await mock({ devices: [] })
  await using conn = await connect(Object.assign(Object.create(backend), { probe: async () => abilities }))
  const root = new Command().exitOverride()
  const work = (use: (connection: typeof conn) => Promise<void>) => use(conn)
  let text = ''
  const out = { width: 80, colour: pc.createColors(false), write: (part: string) => (text += part) }
  addDoctor({ root, out, named: () => [], open: async () => conn, read: work, change: work })
  await root.parseAsync(['doctor', ...flags], { from: 'user' })
  return text
}

describe('hostdev doctor', () => {
  it('says each thing that is missing once, what would help, and what it is needed for', async () => {
    const [works, ...lines] = (await doctor()).split('\n')
    const lacks = lines.slice(lines.findIndex((line) => line.startsWith('no ')))
    expect(works).toMatch(/^yes {2}devices.watch, /)
    expect(lacks.slice(0, 5)).toEqual([
      'no   /sys is mounted read-only',
      '     be privileged',
      '     devices.detach, devices.reset',
      'no   a \\x1b[31mred reason',
      '     devices.detach',
    ])
  })

  it('tells each ability by itself as JSON', async () => {
    expect(JSON.parse(await doctor('--json')).abilities).toEqual(expect.arrayContaining(abilities))
  })
})
