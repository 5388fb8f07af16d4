import { describe, expect, it } from 'vitest'
import { guestAbilities, xenAbilities } from '../../src/manager/abilities.js'
import { type MemoryFile, MemoryFiles } from '../../src/os/host-files-memory.js'

const release: [string, MemoryFile] = ['/proc/sys/kernel/osrelease', '6.1.0\n']
const modules = (...names: string[]): [string, MemoryFile][] => [
  release,
  ['/lib/modules/6.1.0/modules.dep', names.map((name) => `kernel/drivers/${name}.ko: \n`).join('')],
]
const unit: [string, MemoryFile] = ['/sys/bus/scsi/devices/0:0:0:0', { link: '/sys/devices/host0/0:0:0:0' }]
const server: [string, MemoryFile] = ['/sys/kernel/config/target/version', 'v5.0\n']
const files = (...all: [string, MemoryFile][]) => ({ files: new MemoryFiles(all) })
const row = { call: 'domains.attach', can: false }

describe('what guests of QEMU can be given', () => {
  it.each([
    ['there is nothing of SCSI', []],
    ['there is a generic node', [unit, ['/sys/class/scsi_generic/sg0', { link: '/sys/devices/host0/sg0' }]]],
    ['there is the node of the SCSI server', [server, ['/dev/vhost-scsi', { kind: 'char' }]]],
  ] as [string, [string, MemoryFile][]][])('is all when %s', (_when, all) => {
    expect(guestAbilities(files(...modules(), ...all))).toEqual([{ call: 'domains.attach', can: true }])
  })

  it('is no SCSI device without its generic node, and says whether the module can be loaded', () => {
    const reason = 'a SCSI device has no generic node'
    const loadable = guestAbilities(files(...modules('scsi/sg'), unit))
    expect(loadable).toEqual([{ ...row, reason, remedy: 'load the module: modprobe sg' }])
    const absent = guestAbilities(files(...modules('scsi/ch'), unit))
    expect(absent).toEqual([{ ...row, reason, remedy: expect.stringMatching(/^install .* with sg$/) }])
  })

  it('is no vhost-scsi target without the node, and says whether the module is loaded or can be', () => {
    const remedyOf = (...all: [string, MemoryFile][]) =>
      guestAbilities(files(server, ...all)).map((each) => each.remedy)
    expect(remedyOf(...modules('vhost/vhost_scsi'))).toEqual(['load the module: modprobe vhost_scsi'])
    expect(remedyOf(...modules('vhost/vhost'))).toEqual([expect.stringMatching(/^install .* with vhost_scsi$/)])
    expect(remedyOf(release, ['/sys/module/vhost_scsi/refcnt', '0\n'])).toEqual([
      'in a container: pass /dev/vhost-scsi in',
    ])
  })
})

describe('what guests of Xen can be given', () => {
  it('is a PCI device where there is pciback, which has to be loaded', () => {
    const ready = files(['/sys/bus/pci/drivers/pciback/slots', ''])
    expect(xenAbilities(ready)).toEqual([{ call: 'devices.detach', can: true }])
    expect(xenAbilities(files(...modules('xen/xen-pciback/xen-pciback')))).toEqual([
      {
        call: 'devices.detach',
        can: false,
        reason: expect.stringContaining('no pciback'),
        remedy: 'load the module: modprobe xen-pciback',
      },
    ])
  })
})
