import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../../src/errors.js'
import { toQemu } from '../../../src/formats/qemu/hostdev.js'
import type { QemuHostdev, QemuOptions } from '../../../src/formats/qemu/options.js'
import { formatProps, parseProps, type QemuProps } from '../../../src/formats/qemu/props.js'
import { fromQemu } from '../../../src/formats/qemu/read.js'
import { type HostdevDef, hostdev } from '../../../src/model/hostdev.js'
import { lost } from '../../../src/model/loss.js'
import { arbitrary, type Schema } from '../../model/arbitrary-def.js'

const address = { domain: 0, bus: 3, slot: 0, function: 1 }
const uuid = 'c2177883-f1bb-47f0-914d-32a22e3a8804'

/** One device and nothing else, in the comma syntax, which is shorter to read. */
const line = ({ devices }: QemuHostdev) => devices.map((each) => formatProps(each, 'comma')).join(' ')

describe('toQemu', () => {
  it.each<[string, HostdevDef, QemuOptions, string]>([
    ['pci', { kind: 'pci', source: { address } }, {}, 'vfio-pci,host=0000:03:00.1,id=hostdev0'],
    [
      'pci at its address, with everything',
      {
        kind: 'pci',
        display: true,
        ramfb: true,
        source: { address },
        boot: { order: 2 },
        alias: 'ua-gpu',
        rom: { bar: true, file: '/a,b' },
        acpi: { index: 7 },
        teaming: { kind: 'transient', persistent: 'ua-net' },
        address: { kind: 'pci', domain: 0, bus: 1, slot: 0x1a, function: 3, multifunction: true },
      },
      {},
      'vfio-pci-nohotplug,host=0000:03:00.1,id=ua-gpu,display=on,ramfb=on,bootindex=2,failover_pair_id=ua-net,acpi-index=7,bus=pci.1,multifunction=on,addr=0x1a.0x3,rombar=1,romfile=/a,,b',
    ],
    [
      'pci of a POWER guest',
      { kind: 'pci', source: { address }, address: { kind: 'pci', bus: 2, slot: 1 } },
      { arch: 'ppc64' },
      'vfio-pci,host=0000:03:00.1,id=hostdev0,bus=pci.2.0,addr=0x1',
    ],
    [
      'pci of an IBM Z guest',
      { kind: 'pci', source: { address }, address: { kind: 'pci', slot: 1, zpci: { uid: 25, fid: 31 } } },
      { arch: 's390x' },
      'zpci,uid=25,fid=31,target=hostdev0,id=zpci25 vfio-pci,host=0000:03:00.1,id=hostdev0,bus=pci.0,addr=0x1',
    ],
    [
      'pci without ROM',
      { kind: 'pci', source: { address }, rom: { enabled: false } },
      {},
      'vfio-pci,host=0000:03:00.1,id=hostdev0,romfile=',
    ],
    [
      'pci on buses with names of their own',
      { kind: 'pci', source: { address }, address: { kind: 'pci', bus: 0, slot: 1 } },
      { pciBus: (bus) => `pcie.${bus}` },
      'vfio-pci,host=0000:03:00.1,id=hostdev0,bus=pcie.0,addr=0x1',
    ],
    [
      'usb by address',
      { kind: 'usb', source: { address: { bus: 3, device: 5 } } },
      {},
      'usb-host,hostdevice=/dev/bus/usb/003/005,id=hostdev0',
    ],
    [
      'usb for old QEMU',
      { kind: 'usb', source: { address: { bus: 3, device: 5 } } },
      { legacy: true },
      'usb-host,hostbus=3,hostaddr=5,id=hostdev0',
    ],
    [
      'usb by port',
      { kind: 'usb', source: { address: { bus: 3, port: '1.2' } } },
      {},
      'usb-host,hostbus=3,hostport=1.2,id=hostdev0',
    ],
    [
      'usb by ids',
      { kind: 'usb', source: { vendor: 0x483, product: 0x2016 } },
      {},
      'usb-host,vendorid=1155,productid=8214,id=hostdev0',
    ],
    [
      'usb by ids, whose place is known',
      {
        kind: 'usb',
        source: { vendor: 1, product: 2, guestReset: 'uninitialized' },
        address: { kind: 'usb', bus: 1, port: '2' },
      },
      { usbAddress: { bus: 14, device: 6 } },
      'usb-host,hostdevice=/dev/bus/usb/014/006,id=hostdev0,guest-reset=on,guest-resets-all=off,bus=usb1.0,port=2',
    ],
    [
      'usb that is missing',
      { kind: 'usb', source: { missing: true, vendor: 1, product: 2 } },
      {},
      'usb-host,id=hostdev0',
    ],
    [
      'mdev',
      { kind: 'mdev', model: 'vfio-pci', source: { uuid } },
      {},
      `vfio-pci,id=hostdev0,sysfsdev=/sys/bus/mdev/devices/${uuid},display=off`,
    ],
    [
      'mdev on a channel',
      {
        kind: 'mdev',
        model: 'vfio-ccw',
        source: { uuid },
        boot: { order: 1, loadparm: '2' },
        address: { kind: 'ccw', cssid: 0xfe, ssid: 0, devno: 0x1a },
      },
      { arch: 's390x' },
      `vfio-ccw,id=hostdev0,sysfsdev=/sys/bus/mdev/devices/${uuid},bootindex=1,loadparm=2,devno=fe.0.001a`,
    ],
    [
      'scsi_host',
      { kind: 'scsi_host', model: 'virtio-transitional', source: { protocol: 'vhost', wwpn: 'naa.5123456789abcde0' } },
      { vhostFd: '30' },
      'vhost-scsi-pci-transitional,wwpn=naa.5123456789abcde0,vhostfd=30,id=hostdev0',
    ],
    [
      'a device that the guest does not get',
      { kind: 'pci', source: { address }, address: { kind: 'unassigned' } },
      {},
      '',
    ],
  ])('writes %s', (_, def, options, text) => {
    expect(line(toQemu(def, options))).toBe(text)
  })

  it('gives an iSCSI unit its backend and its secret', () => {
    const def: HostdevDef = {
      kind: 'scsi',
      source: {
        kind: 'iscsi',
        name: 'iqn.2013-07.org.example:a,b/4',
        hosts: [{ name: 'fd00::1' }],
        auth: { username: 'guest', secret: { type: 'iscsi', usage: 'x' } },
        initiator: 'iqn.2020-07.org.example',
      },
      readonly: true,
      address: { kind: 'drive', controller: 1, bus: 0, target: 2, unit: 3 },
    }
    expect(toQemu(def, { secret: 'aGk=' })).toEqual({
      objects: [{ 'qom-type': 'secret', id: 'hostdev0-backend-secret0', data: 'aGk=' }],
      blockdevs: [
        {
          driver: 'iscsi',
          portal: '[fd00::1]:3260',
          target: 'iqn.2013-07.org.example:a,b',
          lun: 4,
          transport: 'tcp',
          user: 'guest',
          'password-secret': 'hostdev0-backend-secret0',
          'initiator-name': 'iqn.2020-07.org.example',
          'node-name': 'hostdev0-backend',
          'read-only': true,
        },
      ],
      devices: [
        {
          driver: 'scsi-generic',
          drive: 'hostdev0-backend',
          id: 'hostdev0',
          bus: 'scsi1.0',
          channel: 0,
          'scsi-id': 2,
          lun: 3,
        },
      ],
    })
  })

  it('counts targets alone on an adapter that does', () => {
    const def: HostdevDef = {
      kind: 'scsi',
      source: { kind: 'generic', name: 'sg3' },
      address: { kind: 'drive', controller: 0, unit: 5 },
    }
    expect(line(toQemu(def, { scsiController: 'lsilogic' }))).toBe(
      'scsi-generic,drive=hostdev0-backend,id=hostdev0,bus=scsi0.0,scsi-id=5',
    )
  })

  it.each<[HostdevDef, string]>([
    [{ kind: 'net', source: { interface: 'eth0' } }, 'is no device of QEMU'],
    [
      { kind: 'pci', source: { address }, boot: { order: 1, loadparm: 'A' } },
      'has a loadparm, which only guests of s390x',
    ],
    [{ kind: 'pci', source: { address }, address: { kind: 'pci', zpci: { uid: 1 } } }, 'has zpci numbers'],
    [{ kind: 'pci', source: { address }, alias: 'a,b' }, 'the alias "a,b" is no id to QEMU'],
    [{ kind: 'pci', source: { address }, address: { kind: 'isa' } }, "an address of type 'isa', at which QEMU puts no"],
    [
      { kind: 'scsi', source: { kind: 'adapter', adapter: 'scsi_host0', address: { bus: 0, target: 0, unit: '0' } } },
      'is known to QEMU by its node only',
    ],
    [{ kind: 'scsi', source: { kind: 'iscsi', name: 'iqn/x', hosts: [{ name: 'a' }] } }, "has 'x' for a LUN"],
  ])('refuses %o', (def, message) => {
    expect(() => toQemu(def)).toThrow(message)
  })

  it('refuses in compat what only Xen can do, as libvirt does', () => {
    const def: HostdevDef = { kind: 'pci', source: { address, writeFiltering: false } }
    expect(() => toQemu(def, { compat: true })).toThrow('has writeFiltering, which is of Xen')
    expect(line(toQemu(def))).toBe('vfio-pci,host=0000:03:00.1,id=hostdev0')
  })

  // domxml-to-native of libvirt 9.0
  it.each([
    ['::1', '[::1]:3260'],
    ['[::1]', '[::1]:3260'],
    ['a:b', 'a:b:3260'],
  ])('puts brackets around IPv6 addresses alone: %s', (name, portal) => {
    const def: HostdevDef = { kind: 'scsi', source: { kind: 'iscsi', name: 'iqn', hosts: [{ name }] } }
    expect(toQemu(def).blockdevs).toMatchObject([{ portal }])
  })
})

describe('fromQemu', () => {
  it.each([
    ['x86-iommu', '"x86-iommu" is no host device of QEMU'],
    ['constructor', '"constructor" is no host device of QEMU'],
    ['vfio-pci,host=zz', 'the property host is "zz"'],
    ['vfio-pci,sysfsdev=/etc', 'the property sysfsdev is "/etc"'],
    ['vfio-pci,host=01:00.0,bus=rp1,addr=0x0', 'the device is on bus "rp1", which has no number'],
    ['usb-host,hostdevice=/dev/null', 'the property hostdevice is "/dev/null"'],
    ['scsi-generic,drive=a', 'scsi-generic uses a, whose -blockdev is not given'],
  ])('refuses %s', (text, message) => {
    expect(() => fromQemu({ devices: [parseProps(text)] })).toThrow(message)
  })

  /** What tells the host what to do, and the host's names for a SCSI unit, which QEMU neither needs nor knows. */
  const ofTheHost = [
    /^(managed|shareable|sgio|rawio|acpi(\.nodeset)?|driver(\.(name|model))?|ramfb|rom(\.(enabled|file))?)$/,
    /^source\.(startupPolicy|autoAddress|missing|writeFiltering|kind|adapter|address|name|hosts\.0\.port)$/,
    // the address of a USB device says more than its ids, and in the guest numbers say more than their absence
    /^source\.(vendor|product|address\.port)$/,
    // an address that says nothing is one that the hypervisor chooses
    /^address(\.|$)/,
  ]

  it.each(['::1', 'a:b', ':', 'example.org'])('reads back the host of an iSCSI portal: %s', (name) => {
    const def: HostdevDef = { kind: 'scsi', source: { kind: 'iscsi', name: 'iqn', hosts: [{ name }] } }
    expect(fromQemu(toQemu(def))).toMatchObject({ source: { hosts: [{ name, port: 3260 }] } })
  })

  it('reads back what any hostdev says to the guest, in both syntaxes', () => {
    const roundTrip = (each: QemuProps, syntax: 'json' | 'comma') => parseProps(formatProps(each, syntax))
    fc.assert(
      fc.property(
        arbitrary(hostdev.schema() as Schema),
        fc.constantFrom('json' as const, 'comma' as const),
        (any, syntax) => {
          const def = any as HostdevDef
          let written: QemuHostdev
          try {
            if (def.kind !== 'scsi' || def.source.kind !== 'generic') hostdev.format(def)
            written = toQemu(def, { arch: 's390x', sgDevice: '/dev/sg3' })
          } catch (error) {
            expect(VirtError.is(error)).toBe(true)
            return
          }
          if (written.devices.length === 0 || written.blockdevs.some(({ user }) => user !== undefined)) return
          const read = fromQemu({
            devices: written.devices.map((each) => roundTrip(each, syntax)),
            blockdevs: written.blockdevs.map((each) => roundTrip(each, syntax)),
          })
          expect(lost(def, read).filter((path) => !ofTheHost.some((pattern) => pattern.test(path)))).toEqual([])
        },
      ),
      { numRuns: 2000 },
    )
  })
})
