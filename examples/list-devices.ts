// List this machine's PCI devices, each with the driver that holds it.

import { connect, describeDevice } from 'hostdev'

const conn = await connect('linux:///', { readOnly: true })
for await (const device of conn.nodeDeviceDefs({ capability: 'pci' })) {
  console.log(device.name, device.driver ?? '(no driver)', describeDevice(device))
}
for (const { path, problem } of conn.warnings()) console.log(`odd: ${path} ${problem}`)
await conn.close()
