// Look at a host without having one: the mock answers as a real host does.

import { connect } from 'hostdev'
import { mock } from 'hostdev/mock'

const nic = `<device>
  <name>net_eth0_52_54_00_aa_bb_cc</name>
  <capability type='net'><interface>eth0</interface><link state='up' speed='1000'/></capability>
</device>`

const conn = await connect(mock({ devices: [nic] })) // connect() alone is this machine
for (const device of await conn.listNodeDevices({ capability: 'net' })) console.log(await device.xml())
await conn.close()
