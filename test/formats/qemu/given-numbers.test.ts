import { describe, expect, it } from 'vitest'
import { parseProps } from '../../../src/formats/qemu/props.js'
import { fromQemu } from '../../../src/formats/qemu/read.js'

const read = (text: string) => fromQemu({ devices: [parseProps(text)] })

describe('numbers that QEMU was given', () => {
  it('are read in the bases that QEMU reads', () => {
    expect(read('usb-host,hostbus=0x1,hostaddr=010')).toMatchObject({ source: { address: { bus: 1, device: 8 } } })
    expect(read('vfio-pci,host=03:00.1,addr=1f.0x7,bootindex=2')).toMatchObject({
      address: { kind: 'pci', slot: 0x1f, function: 7 },
      boot: { order: 2 },
    })
  })

  it.each([
    ['vfio-pci,host=03:00.1,bootindex=first', 'bootindex is "first"; it is a number'],
    ['vfio-pci,host=03:00.1,acpi-index=4294967296', 'acpi-index is "4294967296"'],
    ['vfio-pci,host=03:00.1,addr=0x20', 'addr is "0x20"; it is a slot'],
    ['usb-host,hostbus=1,hostaddr=-6', 'hostaddr is "-6"'],
    ['usb-host,vendorid=0x10000,productid=1', 'vendorid is "0x10000"; it is a number from 0 to 65535'],
    ['usb-host,hostbus=1,hostport=1..2', 'hostport is "1..2"; it is a chain of ports'],
    [`usb-host,hostport=${'9'.repeat(0x20000)}`, 'longer than 131072 characters'],
  ])('are refused by name when they are none: %s', (text, message) => {
    expect(() => read(text)).toThrow(message)
  })
})
