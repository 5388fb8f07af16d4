// Tell failures apart by their code, and offer what could have been meant.

import { connect, VirtError } from 'hostdev'
import { mock } from 'hostdev/mock'

const disk = `<device>
  <name>block_sda</name>
  <capability type='storage'><block>/dev/sda</block><drive_type>disk</drive_type></capability>
</device>`

const conn = await connect(mock({ devices: [disk] }))
try {
  await conn.lookupNodeDevice('block_sdb')
} catch (error) {
  if (!VirtError.is(error, 'no-node-device')) throw error
  console.log(error.message)
  console.log('did you mean', error.details.candidates?.join(' or '))
}
await conn.close()
