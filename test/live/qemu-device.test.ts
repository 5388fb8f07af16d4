import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { toQemu } from '../../src/formats/qemu/hostdev.js'
import { formatProps, type QemuProps } from '../../src/formats/qemu/props.js'
import type { HostdevDef } from '../../src/model/hostdev.js'
import { needs } from '../needs.js'

const binary = 'qemu-system-x86_64'
const version = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0]
const live = needs(version ? undefined : `no ${binary} is installed`)

const address = { domain: 0, bus: 0xff, slot: 0x1f, function: 7 }
const everything = {
  boot: { order: 1 },
  alias: 'ua-it',
  address: { kind: 'pci', domain: 0, bus: 0, slot: 9, function: 0, multifunction: true },
} as const

/** A hostdev of each kind this QEMU can know, with all that can be said of it. */
const hostdevs: HostdevDef[] = [
  {
    ...everything,
    kind: 'pci',
    display: false,
    source: { address },
    rom: { bar: true, file: '/dev/null' },
    acpi: { index: 3 },
    teaming: { kind: 'transient', persistent: 'ua-net' },
  },
  { ...everything, kind: 'pci', ramfb: true, source: { address } },
  {
    kind: 'usb',
    source: { address: { bus: 250, device: 99 }, guestReset: 'uninitialized' },
    address: { kind: 'usb', bus: 0, port: '1' },
    boot: { order: 1 },
  },
  { kind: 'usb', source: { vendor: 1, product: 2 } },
  { kind: 'usb', source: { address: { bus: 250, port: '1.2' } } },
  {
    kind: 'scsi',
    source: { kind: 'generic', name: 'sg250' },
    boot: { order: 1 },
    address: { kind: 'drive', controller: 0, bus: 0, target: 1, unit: 2 },
  },
  {
    ...everything,
    kind: 'scsi_host',
    model: 'virtio-transitional',
    source: { protocol: 'vhost', wwpn: 'naa.5123456789abcde0' },
  },
  { ...everything, kind: 'mdev', model: 'vfio-pci', source: { uuid: 'c2177883-f1bb-47f0-914d-32a22e3a8804' } },
]

const cases = hostdevs.map((def): [string, HostdevDef] => [JSON.stringify(def), def])

const machine = ['-S', '-nodefaults', '-display', 'none', '-machine', 'q35', '-accel', 'tcg', '-m', '64']
const buses = ['pci-bridge,id=pci.0,chassis_nr=1', 'qemu-xhci,id=usb', 'virtio-scsi-pci,id=scsi0']
const backend = ['-blockdev', 'null-co,node-name=hostdev0-backend']
const quit = ['qmp_capabilities', 'quit'].map((execute) => JSON.stringify({ execute })).join('\n')

/** What QEMU says of a machine that is given a device and told to end. */
function complaint(device: QemuProps): string {
  const devices = [...buses, formatProps(device, 'json')].flatMap((each) => ['-device', each])
  const args = [...machine, '-qmp', 'stdio', ...backend, ...devices]
  return spawnSync(binary, args, { input: `${quit}\n`, encoding: 'utf8' }).stderr
}

live.describe(`${version}`, () => {
  it.each(cases)('has every property of %s', (_, def) => {
    const [{ driver = '', ...given } = {}] = toQemu(def).devices
    const { stdout } = spawnSync(binary, ['-device', `${driver},help`], { encoding: 'utf8' })
    const known = ['id', 'bus', ...[...stdout.matchAll(/^ {2}([\w-]+)=/gm)].map(([, name]) => name)]
    expect(Object.keys(given).filter((name) => !known.includes(name))).toEqual([])
  })

  it.each(cases)('finds nothing wrong in %s but that this host has no such device', (_, def) => {
    const [device = {}] = toQemu(def).devices
    const absent = /^$|no such |open vhost|open \/dev\/|Could not open|SG_IO/i
    expect(complaint(device).replace(/^.*-device \{[^}]*\}: /, '')).toMatch(absent)
  })
})
