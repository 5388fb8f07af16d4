import { describe, expect, it, vi } from 'vitest'
import { LinuxHost } from '../../src/host/linux-host.js'
import type { NodeDeviceDef } from '../../src/model/node-device.js'
import { MemoryFiles } from '../../src/os/host-files-memory.js'
import { smallTree, sysfs } from '../data/small-tree.js'

const small = () => {
  const files = new MemoryFiles(smallTree)
  return { files, host: new LinuxHost({ files }) }
}

async function namesOf(defs: AsyncIterable<NodeDeviceDef>): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of defs) names.push(name)
  return names
}

describe('a Linux host', () => {
  it('names its devices as libvirt does', async () => {
    expect((await small().host.list({}, { compat: true })).sort()).toEqual([
      'block_sda_DISK_1',
      'computer',
      'drm_card0',
      'net_lo_00_00_00_00_00_00',
      'pci_0000_00_14_0',
      'pci_0000_00_1f_2',
      'scsi_0_0_0_0',
      'scsi_generic_sg0',
      'scsi_host0',
      'scsi_target0_0_0',
      'usb_1_1',
      'usb_1_1_1_0',
      'usb_usb1',
    ])
  })

  it('has bridges, too, unless libvirt is to be matched', async () => {
    const { host } = small()
    expect(await host.list({ capability: 'net' }, {})).toContain('net_br0_52_54_00_00_00_01')
    expect(await host.lookup('net_br0_52_54_00_00_00_01', { compat: true })).toBeUndefined()
  })

  it.each([
    ['usb_1_1_1_0', 'usb_1_1'],
    ['usb_1_1', 'usb_usb1'],
    ['usb_usb1', 'pci_0000_00_14_0'],
    ['block_sda_DISK_1', 'scsi_0_0_0_0'],
    ['scsi_host0', 'pci_0000_00_1f_2'],
    ['net_lo_00_00_00_00_00_00', 'computer'],
    ['pci_0000_00_1f_2', 'computer'],
    ['computer', undefined],
  ])('finds the parent of %s in the nearest device above', async (name, parent) => {
    expect((await small().host.lookup(name, {}))?.parent).toBe(parent)
  })

  it('looks devices up without having listed them', async () => {
    const { host } = small()
    expect((await host.lookup('block_sda_DISK_1', {}))?.devlinks).toEqual([
      '/dev/disk/by-id/ata-DISK_1',
      '/dev/disk/by-path/pci-0000:00:1f.2-ata-1',
    ])
    expect(await host.lookup('block_sda', {})).toBeUndefined()
    expect(await host.lookup('pci_0000_00_1f', {})).toBeUndefined()
  })

  it('finds devices by any path that leads to them', async () => {
    const { host } = small()
    expect(await host.nameAt('/sys/bus/pci/devices/0000:00:1f.2')).toBe('pci_0000_00_1f_2')
    expect(await host.nameAt('/sys/devices/pci0000:00')).toBeUndefined()
    expect(await host.nameAt('/sys/nothing')).toBeUndefined()
  })

  it.each([
    [{ capability: 'scsi' }, ['scsi_0_0_0_0']],
    [{ bus: 'usb', capability: 'usb' }, ['usb_1_1_1_0']],
    [{ bus: ['usb', 'scsi'], capability: ['usb_device', 'net'] }, ['usb_1_1', 'usb_usb1']],
    [{ capability: 'fc_host' }, []],
    [{ state: 'inactive' as const }, []],
    [{ persistence: 'persistent' as const }, ['computer']],
    [{ capability: 'flux' }, []],
  ])('lists what is asked for: %j', async (filter, expected) => {
    const { host } = small()
    expect((await host.list(filter, {})).sort()).toEqual(expected)
    expect((await namesOf(host.defs(filter, {}))).sort()).toEqual(expected)
  })

  it('leaves out devices that vanish while the others are read', async () => {
    const { files, host } = small()
    const list = files.list.bind(files)
    vi.spyOn(files, 'list').mockImplementation((path) => {
      const names = list(path)
      // the first device's own folder is listed when it is read
      if (path === '/sys/bus/usb/devices/usb1') files.delete('/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1')
      return names
    })
    const names = await namesOf(host.defs({ bus: 'usb' }, {}))
    expect(names).toEqual(['usb_usb1'])
  })

  it('sees another device in the place of one that it knew', async () => {
    const { files, host } = small()
    await host.lookup('usb_1_1', {})
    const place = '/sys/bus/usb/devices/1-1'
    files.set('/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/idProduct', '0001\n')
    files.set(place, { link: '../../../devices/pci0000:00/0000:00:14.0/usb1/1-1' })
    expect((await host.lookup('usb_1_1', {}))?.capabilities[0]).toMatchObject({ product: { id: 1 } })
  })

  it('says what could not be read, until it can', async () => {
    const { files, host } = small()
    await host.lookup('computer', {})
    files.set('/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/devnum', 'many\n')
    expect(await host.lookup('usb_1_1', {})).toBeUndefined()
    expect(host.warnings()).toEqual([
      { path: '/sys/class/dmi/id/product_serial', problem: 'cannot be read (EACCES)' },
      { path: '/sys/bus/usb/devices/1-1/devnum', problem: "holds 'many', not a number" },
    ])
  })

  it('has one of two devices that come out with one name, as libvirt has, and says which not', async () => {
    const { files, host } = small()
    for (const name of ['1-1-2', '1-1.2']) {
      for (const [path, file] of sysfs(`/sys/devices/virtual/${name}`, 'bus/usb', { devnum: '9\n' }))
        files.set(path, file)
      files.set(`/sys/devices/virtual/${name}/idVendor`, '1234\n')
      files.set(`/sys/devices/virtual/${name}/idProduct`, '1234\n')
    }
    const names = await host.list({ capability: 'usb_device' }, {})
    expect(names.filter((name) => name === 'usb_1_1_2')).toHaveLength(1)
    expect((await host.lookup('usb_1_1_2', {}))?.path).toBe('/sys/devices/virtual/1-1.2')
    expect(host.warnings()).toEqual([
      {
        path: '/sys/bus/usb/devices/1-1-2',
        problem: 'has the name of /sys/devices/virtual/1-1.2, usb_1_1_2, and is left out',
      },
    ])
  })

  it('rejects with the reason of a signal, also in the middle of a listing', async () => {
    const { host } = small()
    const controller = new AbortController()
    const defs = host.defs({}, { signal: controller.signal })
    await defs.next()
    controller.abort(new Error('enough'))
    await expect(defs.next()).rejects.toThrow('enough')
  })

  it('lets the event loop go on while it reads many devices', async () => {
    const { host } = small()
    const now = vi.spyOn(performance, 'now')
    let time = 0
    now.mockImplementation(() => (time += 1))
    let turns = 0
    const timer = setInterval(() => (turns += 1), 0)
    await namesOf(host.defs({}, {}))
    clearInterval(timer)
    now.mockRestore()
    expect(turns).toBeGreaterThan(0)
  })
})
