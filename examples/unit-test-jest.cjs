// Unit-test code that hands a device to a guest, with jest: CommonJS, so nothing has to be set up.

const { connect, VirtError } = require('hostdev')
const { hosts, mock } = require('hostdev/mock')

/** The code under test: gives the dongle in a port to a guest; a guest that has it already is fine. */
async function giveDongle(conn, port, guest) {
  const def = await (await conn.lookupDomain(guest)).attachHostdev({ port })
  return def.source.address
}

test('the dongle in port 1-2 goes to the guest, once', async () => {
  const conn = await connect(mock(hosts.server()))
  const given = await giveDongle(conn, '1-2', 'web')
  expect(given).toEqual({ bus: 1, device: 3 })
  expect(await giveDongle(conn, '1-2', 'web')).toEqual(given)
  expect(await (await conn.lookupDomain('web')).hostdevs()).toHaveLength(1)
})

test('the host may fail, and the error says how', async () => {
  const host = await mock(hosts.server())
  host.stage.fail('domains.attach', new VirtError('access-denied', 'the guest is not yours'), { times: 1 })
  const conn = await connect(host)
  await expect(giveDongle(conn, '1-2', 'web')).rejects.toMatchObject({ code: 'access-denied', number: 88 })
  await expect(giveDongle(conn, '1-2', 'web')).resolves.toEqual({ bus: 1, device: 3 })
  expect(host.stage.calls.filter(({ call }) => call === 'domains.attach')).toHaveLength(2)
})

test('fake timers reach the delays of a host', async () => {
  jest.useFakeTimers()
  const host = await mock(hosts.server())
  host.stage.delay('domains.attach', 60_000)
  const given = giveDongle(await connect(host), '1-1', 'web')
  await jest.advanceTimersByTimeAsync(60_000)
  expect(await given).toEqual({ bus: 1, device: 2 })
  jest.useRealTimers()
})
