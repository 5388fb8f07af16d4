import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Connection, connect } from '../../src/index.js'

describe('hostdev snapshot of this machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-snapshot-'))
  const file = join(folder, 'this-machine.hostdev')
  afterAll(() => rmSync(folder, { recursive: true }))

  const dump = async (conn: Connection): Promise<Map<string, string>> => {
    const documents = new Map<string, string>()
    for (const device of await conn.listNodeDevices()) documents.set(device.name, await device.xml())
    return documents
  }

  it('replays to the XML of this machine', async () => {
    execFileSync(process.execPath, ['scripts/hostdev.mjs', 'snapshot', '-o', file])
    await using live = await connect('linux:///', { readOnly: true })
    await using replayed = await connect(`mock://${file}`)
    const [here, there] = [await dump(live), await dump(replayed)]
    expect([...there.keys()]).toEqual([...here.keys()])
    for (const [name, xml] of here) expect(there.get(name), name).toBe(xml)
    expect(statSync(file).size).toBeLessThan(400_000)
  })

  it('replays to as many devices when it is scrubbed', async () => {
    execFileSync(process.execPath, ['scripts/hostdev.mjs', 'snapshot', '--scrub', '-o', file])
    await using live = await connect('linux:///', { readOnly: true })
    await using replayed = await connect(`mock://${file}`)
    expect(await replayed.numOfNodeDevices()).toBe(await live.numOfNodeDevices())
  })
})
