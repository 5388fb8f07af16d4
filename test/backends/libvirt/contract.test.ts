import { afterAll } from 'vitest'
import { type HostdevDef, nodeDevice } from '../../../src/index.js'
import { libvirt } from '../../../src/libvirt.js'
import { abilityContract } from '../../contract/abilities.js'
import { deviceChangeContract } from '../../contract/device-changes.js'
import { domainContract } from '../../contract/domains.js'
import { testDriverHost } from '../../contract/test-driver-host.js'
import { playedGuests } from '../../fakes/played-guests.js'
import { testDriver } from '../../fakes/test-driver.js'

const stick = (device: number, product: number) =>
  nodeDevice.parse(`<device><name>usb_1_${device}</name><path>/sys/devices/usb1/1-${device}</path><parent>computer</parent>
  <capability type='usb_device'><bus>1</bus><device>${device}</device>
  <product id='0x${product}'/><vendor id='0x0781'/></capability></device>`)
const usb = (device: number): HostdevDef => ({ kind: 'usb', source: { address: { bus: 1, device } } })

const played = await playedGuests([stick(2, 5567), stick(3, 5568)])
const test = await testDriver()
afterAll(async () => {
  await played[Symbol.asyncDispose]()
  await test[Symbol.asyncDispose]()
})

abilityContract('a played libvirtd', { open: () => libvirt({ uri: `qemu:///system?socket=${played.path}` }) })

domainContract('USB devices of a played libvirtd', {
  open: () => libvirt({ uri: `qemu:///system?socket=${played.path}` }),
  running: 'on',
  stopped: 'off',
  devices: [usb(2), usb(3)],
  name: 'usb_1_2',
  absent: { def: usb(77), code: 'internal' },
  restart(guest) {
    played.stop(guest)
    played.start(guest)
  },
})

const testUri = `test:///default?socket=${test.path}`
abilityContract("libvirt's played test driver", { open: () => libvirt({ uri: testUri }) })
deviceChangeContract("libvirt's played test driver", testDriverHost(testUri))
