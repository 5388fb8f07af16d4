import { Command } from 'commander'
import pc from 'picocolors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addDomains } from '../../src/cli/commands/domains.js'
import { type Connection, connect, VirtError } from '../../src/index.js'
import { hosts, type MockBackend, mock } from '../../src/mock.js'

let host: MockBackend
let conn: Connection
let text: string
beforeEach(async () => {
  host = await mock({ ...hosts.server(), domains: [{ name: 'db' }, { name: 'web\u001b[2J', state: 'shutoff' }] })
  conn = await connect(host)
  await (await conn.lookupDomain('db')).attachHostdev({ name: 'usb_1_1' })
  text = ''
})
afterEach(() => conn.close())

async function run(...argv: string[]): Promise<void> {
  const root = new Command().exitOverride()
  const work = (use: (conn: Connection) => Promise<void>) => use(conn)
  const out = { width: 80, colour: pc.createColors(false), write: (part: string) => (text += part) }
  addDomains({ root, out, named: () => [], open: async () => conn, read: work, change: work })
  await root.parseAsync(['domains', ...argv], { from: 'user' })
}

describe('hostdev domains', () => {
  it('shows each guest with the devices that it has', async () => {
    await run()
    expect(text).toMatch(/^db {2}running {2}\d+\n {2}hostdev0 {4}USB device .* at usb 0 \d\nweb\\x1b\[2J {2}shutoff\n$/)
  })

  it('shows names alone', async () => {
    await run('--names')
    expect(text).toBe('db\nweb\\x1b[2J\n')
  })

  it('tells the same as JSON', async () => {
    await run('--json')
    expect(JSON.parse(text)).toMatchObject([
      { name: 'db', state: 'running', hostdevs: [{ kind: 'usb', alias: 'hostdev0' }] },
      { name: 'web\u001b[2J', state: 'shutoff', hostdevs: [] },
    ])
  })

  it('shows the other guests when one does not tell what it has, and fails', async () => {
    host.stage.fail('domains.hostdevs', new VirtError('timeout', 'no answer'), { times: 1 })
    await expect(run()).rejects.toMatchObject({ code: 'operation-failed', details: { candidates: ['db'] } })
    expect(text).toMatch(/^db .*\n {2}error: no answer\nweb/)
  })

  it('leaves out a guest that has gone since it was listed', async () => {
    host.stage.fail('domains.hostdevs', new VirtError('no-domain', 'gone'), { times: 1 })
    await run('--json')
    expect(JSON.parse(text)).toMatchObject([{ state: 'shutoff' }])
  })
})
