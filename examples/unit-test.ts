// Unit-test code that hands a device to a guest, with node:test.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Connection, connect, VirtError } from 'hostdev'
import { hosts, mock } from 'hostdev/mock'

/** The code under test: gives the licence dongle in a port to a guest, and says whether that worked. */
async function giveDongle(conn: Connection, port: string, guest: string): Promise<string> {
  const dongle = await conn.resolve({ port })
  await (await conn.lookupDomain(guest)).attachHostdev({ port })
  return dongle.name
}

test('the dongle in port 1-2 goes to the guest', async () => {
  const conn = await connect(mock(hosts.server()))
  assert.equal(await giveDongle(conn, '1-2', 'web'), 'usb_1_2')
  assert.equal((await (await conn.lookupDomain('web')).hostdevs()).length, 1)
})

test('a dongle that was pulled out is said to be missing', async () => {
  const host = await mock(hosts.server())
  host.stage.unplug('usb_1_2')
  const error = await giveDongle(await connect(host), '1-2', 'web').catch((reason: unknown) => reason)
  assert.ok(VirtError.is(error, 'no-node-device'))
})

test('a host that does not answer is given up', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const host = await mock(hosts.server())
  host.stage.hang('domains.attach')
  const limit = new AbortController()
  setTimeout(() => limit.abort(new Error('the host is stuck')), 30_000)
  const domain = await (await connect(host)).lookupDomain('web')
  const attached = domain.attachHostdev({ port: '1-2' }, { signal: limit.signal })
  context.mock.timers.tick(30_000)
  await assert.rejects(attached, /the host is stuck/)
})
