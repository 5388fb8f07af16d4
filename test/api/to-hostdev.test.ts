import { describe, expect, it } from 'vitest'
import { connect } from '../../src/index.js'
import { mock } from '../../src/mock.js'

const usb = (name: string, device: number) => `<device><name>${name}</name><parent>computer</parent>
  <capability type='usb_device'><bus>1</bus><device>${device}</device>
    <product id='0x2016'/><vendor id='0x0483'/></capability></device>`

describe('NodeDevice.toHostdev', () => {
  it('looks at the devices above and at other USB devices', async () => {
    const part = `<device><name>usb_1_2_1_0</name><parent>usb_1_2</parent>
      <capability type='usb'><number>0</number><class>3</class><subclass>1</subclass><protocol>2</protocol></capability>
    </device>`
    await using conn = await connect(mock({ devices: [usb('usb_1_2', 4), usb('usb_1_3', 5), part] }))
    const { hostdev, reasons } = await (await conn.lookupNodeDevice('usb_1_2_1_0')).toHostdev()
    expect(hostdev).toEqual({
      kind: 'usb',
      managed: false,
      source: { vendor: 0x0483, product: 0x2016, address: { bus: 1, device: 4 } },
    })
    expect(reasons).toEqual([
      'usb_1_2_1_0 is an interface of usb_1_2 and goes with it',
      '2 devices are 0x0483:0x2016, so bus and device number say which; they change on replug',
    ])
  })
})
