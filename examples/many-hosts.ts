// List and search the devices of many hosts at once, of which one is down.

import { Fleet } from 'hostdev'
import { hosts, mock } from 'hostdev/mock'

const fleet = new Fleet([
  { name: 'rack-1', open: () => mock(hosts.server()) },
  { name: 'rack-2', open: () => mock(hosts.laptop()) },
  'mock:///no/such/folder', // in production: 'qemu+ssh://root@a/system', 'qemu+tls://b/system'
])

for await (const { host, value, error } of fleet.listNodeDeviceNames({ capability: 'net' }))
  console.log(host, error ? `${error.code}: ${error.message}` : value)

for (const { host, value } of await fleet.find({ port: '1-2' })) if (value) console.log(`the dongle is on ${host}`)
