// Keep a USB dongle with its guest, however often it is unplugged and plugged in again.

import { connect } from 'hostdev'
import { hosts, mock } from 'hostdev/mock'

const host = await mock(hosts.server()) // connect('qemu:///system') in production
await using conn = await connect(host)
const dongle = await (await conn.lookupNodeDevice('usb_1_2')).def()

const guest = await conn.lookupDomain('web')
await using events = await guest.follow({ port: '1-2' })
let pulls = 0
for await (const event of events) {
  console.log(event.kind, event.device ?? '')
  if (event.kind === 'attached' && pulls++ < 2) host.stage.unplug('usb_1_2')
  else if (event.kind === 'waiting') host.stage.plug(dongle)
  else if (event.kind === 'attached') break
}
