import { describe, expect, it } from 'vitest'
import { type PersistenceForm, persistenceText } from '../../src/manager/persistence.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'

const def: NodeDeviceDef = {
  name: 'pci_0000_02_00_0',
  driver: 'e1000e',
  capabilities: [
    { kind: 'pci', domain: 0, bus: 2, slot: 0, function: 0, vendor: { id: 0x8086 }, product: { id: 0x10d3 } },
  ],
}

describe('persistenceText', () => {
  it.each<[PersistenceForm, string]>([
    ['driverctl', 'driverctl set-override 0000:02:00.0 vfio-pci\n'],
    [
      'udev',
      '# /etc/udev/rules.d/10-vfio-0000-02-00-0.rules\nACTION=="add", SUBSYSTEM=="pci", KERNEL=="0000:02:00.0", ' +
        'ATTR{driver_override}="vfio-pci", RUN{builtin}+="kmod load vfio-pci"\n',
    ],
    [
      'modprobe',
      '# /etc/modprobe.d/vfio-8086-10d3.conf: for every device with these ids\n' +
        'options vfio-pci ids=8086:10d3\nsoftdep e1000e pre: vfio-pci\n',
    ],
  ])('says it for %s', (form, text) => {
    expect(persistenceText(def, form)).toBe(text)
  })

  it('refuses what is not PCI', () => {
    expect(() => persistenceText({ name: 'computer', capabilities: [] }, 'udev')).toThrow(/is not a PCI device/)
  })
})
