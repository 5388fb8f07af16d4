// Serve the host's devices over HTTP, and test the route on the mock.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Connection, connect, VirtError } from 'hostdev'
import { hosts, mock } from 'hostdev/mock'

/** GET /devices?cap=net answers names; GET /devices/NAME the def. */
const serve = (conn: Connection) =>
  createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    try {
      const name = pathname.split('/')[2]
      const capability = searchParams.get('cap')
      const answer = name
        ? await (await conn.lookupNodeDevice(name)).def()
        : (await conn.listNodeDevices(capability ? { capability } : {})).map((device) => device.name)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    } catch (error) {
      const status = VirtError.is(error, 'no-node-device') ? 404 : VirtError.is(error, 'invalid-argument') ? 400 : 500
      response.writeHead(status).end(error instanceof Error ? error.message : String(error))
    }
  })

await using conn = await connect(mock(hosts.laptop()), { readOnly: true }) // connect() in production
const server = serve(conn).listen(0)
const { port } = server.address() as AddressInfo
for (const path of ['/devices?cap=net', '/devices/usb_3_2_1', '/devices/usb_3_2_2']) {
  const response = await fetch(`http://localhost:${port}${path}`)
  console.log(response.status, await response.text())
}
server.close()
