import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveHostdev } from '../../../src/backends/qemu/resolve.js'
import { LinuxHost } from '../../../src/host/linux-host.js'
import type { HostdevDef } from '../../../src/index.js'
import { createMdev } from '../../../src/manager/virtual/mdev.js'
import { virtualTree } from '../../data/virtual-tree.js'
import { FakeHost } from '../../fakes/managed-host.js'

let host: FakeHost
beforeEach(() => {
  host = new FakeHost(virtualTree)
})
afterEach(() => host[Symbol.dispose]())

const resolve = (def: HostdevDef) => resolveHostdev(new LinuxHost({ files: host.files }), host.files, def)

describe('a mediated device for a guest', () => {
  const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
  const mdev = (model: 'vfio-pci' | 'vfio-ccw'): HostdevDef => ({
    kind: 'mdev',
    managed: false,
    model,
    source: { uuid },
  })
  beforeEach(async () => {
    const def = {
      name: 'new device',
      parent: 'mtty_mtty',
      capabilities: [{ kind: 'mdev' as const, type: 'mtty-1', uuid }],
    }
    await createMdev(host.managed, def, await host.def('mtty_mtty'), {})
  })

  it('is found by its UUID', async () => {
    expect((await resolve(mdev('vfio-pci'))).gift?.device.key).toBe(`mdev-${uuid}`)
  })

  it('is refused as another model than its type is for', async () => {
    await expect(resolve(mdev('vfio-ccw'))).rejects.toMatchObject({
      code: 'config-unsupported',
      message: expect.stringContaining('is given as vfio-ccw, but its type is for vfio-pci'),
    })
  })
})

describe('a vhost-scsi target for a guest', () => {
  const wwpn = 'naa.5123456789abcde0'
  const target = (name: string): HostdevDef => ({
    kind: 'scsi_host',
    managed: false,
    source: { protocol: 'vhost', wwpn: name },
  })
  const make = () => host.files.set(`/sys/kernel/config/target/vhost/${wwpn}/tpgt_1/enable`, '1\n')

  it('is found by its WWPN', async () => {
    make()
    host.files.set('/dev/vhost-scsi', { kind: 'char' })
    expect((await resolve(target(wwpn))).gift?.device.key).toBe(`vhost-${wwpn}`)
  })

  it.each([['naa.5000000000000000'], ['../../../class'], ['naa.x']])('is missing as %s', async (name) => {
    make()
    await expect(resolve(target(name))).rejects.toMatchObject({
      code: 'device-missing',
      message: expect.stringContaining('create it with targetcli'),
    })
  })

  it('is refused while the node is missing by which QEMU reaches it, with what helps', async () => {
    make()
    await expect(resolve(target(wwpn))).rejects.toThrow(/which is not there; install all modules .* with vhost_scsi/)
    host.files.set('/sys/module/vhost_scsi/refcnt', '1\n')
    await expect(resolve(target(wwpn))).rejects.toMatchObject({
      code: 'device-missing',
      details: { path: '/dev/vhost-scsi' },
      message: expect.stringContaining('in a container: pass it in'),
    })
  })
})
