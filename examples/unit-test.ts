// Unit-test code that hands a device to a guest: node:test here; vitest and jest differ in the import alone.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Connection, connect, VirtError } from 'hostdev'
import { hosts, mock } from 'hostdev/mock'

/** The code under test: gives the licence dongle in a port to a guest, and says whether that worked. */
async function giveDongle(conn: Connection, port: string, guest: string): Promise<string> {
  const dongle = await (await conn.resolve({ port })).def()
  const [usb] = dongle.capabilities
  if (usb?.kind !== 'usb_device') throw new Error(`${dongle.name} is no USB device`)
  const domain = await conn.lookupDomain(guest)
  await domain.attachHostdev({ kind: 'usb', source: { address: { bus: usb.bus, device: usb.device } } })
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
