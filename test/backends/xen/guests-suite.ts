import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { connect } from '../../../src/api/connect.js'
import type { Connection } from '../../../src/api/connection.js'
import { xen } from '../../../src/backends/xen/xen.js'
import { realFiles } from '../../../src/os/host-files-real.js'
import { alpha, beta, gamma, PlayedDom0 } from '../../fakes/xen-dom0.js'

/** What the backend tells of guests: the same on both real daemons and on the played one. */
export function guestsSuite(socketPath: () => string): void {
  let dom0: PlayedDom0
  let host: Connection

  beforeEach(async () => {
    dom0 = await PlayedDom0.on(socketPath())
    await dom0.start(alpha)
    await dom0.start({ ...beta, flags: '--p---' })
    host = await connect(
      xen({ store: socketPath(), configs: dom0.configs, run: dom0.run, files: realFiles({ root: '/' }) }),
    )
  })
  afterEach(async () => {
    await host.close()
    await dom0[Symbol.asyncDispose]()
  })

  it('lists those that run, without dom0', async () => {
    const infos = await Promise.all((await host.listDomains()).map((guest) => guest.info()))
    expect(infos).toEqual([
      { name: 'alpha', uuid: alpha.uuid, id: 5, state: 'running' },
      { name: 'beta', uuid: beta.uuid, id: 6, state: 'paused' },
    ])
  })

  it('lists those that have an xl.cfg and do not run', async () => {
    writeFileSync(join(dom0.configs, 'alpha.cfg'), 'name = "alpha"\n')
    writeFileSync(join(dom0.configs, 'gamma.cfg'), `name = "gamma"\nuuid = "${beta.uuid.toUpperCase()}"\n`)
    writeFileSync(join(dom0.configs, 'broken.cfg'), 'name = "broken\n')
    writeFileSync(join(dom0.configs, 'xl.conf'), 'name = "none"\n')
    expect((await host.listDomains()).map(({ name }) => name)).toEqual(['alpha', 'beta', 'gamma'])
    expect(await (await host.lookupDomain('gamma')).info()).toEqual({
      name: 'gamma',
      uuid: beta.uuid,
      state: 'shutoff',
    })
  })

  it('finds one by name and by UUID', async () => {
    expect((await host.lookupDomain('beta')).name).toBe('beta')
    expect((await host.lookupDomain(alpha.uuid.toUpperCase())).name).toBe('alpha')
    await expect(host.lookupDomain('alpah')).rejects.toMatchObject({
      code: 'no-domain',
      details: { candidates: ['alpha'] },
    })
  })

  it('leaves out what xenstore still has of a guest that is gone', async () => {
    await dom0.store.remove(`/local/domain/${beta.id}/name`)
    expect((await host.listDomains()).map(({ name }) => name)).toEqual(['alpha'])
  })

  it('reads and changes the config of one that does not run', async () => {
    const path = join(dom0.configs, 'gamma.cfg')
    writeFileSync(path, 'name = "gamma" # mine\npci = [ "00:19.0" ]\n')
    const guest = await host.lookupDomain('gamma')
    const usb = { kind: 'usb', managed: false, source: { address: { bus: 1, device: 6 } } } as const
    await guest.attachHostdev(usb)
    expect((await guest.hostdevs()).map(({ kind }) => kind)).toEqual(['pci', 'usb'])
    await guest.detachHostdev(usb)
    expect((await guest.hostdevs()).map(({ kind }) => kind)).toEqual(['pci'])
    await expect(guest.attachHostdev(usb, { live: true })).rejects.toMatchObject({ code: 'operation-invalid' })
    await expect((await host.lookupDomain('alpha')).attachHostdev(usb, { config: true })).rejects.toMatchObject({
      code: 'operation-invalid',
    })
  })

  it('lists the USB devices of one that runs', async () => {
    const backend = '/local/domain/0/backend/qusb/5/0'
    await dom0.store.write('/libxl/5/device/vusb/0/type', 'qusb')
    await dom0.store.write('/libxl/5/device/vusb/0/backend', backend)
    for (const [key, value] of Object.entries({ 'usb-ver': '2', 'num-ports': '2', 'port/1': '', 'port/2': '250-9.9' }))
      await dom0.store.write(`${backend}/${key}`, value)
    expect(await (await host.lookupDomain('alpha')).hostdevs()).toEqual([
      {
        kind: 'usb',
        managed: false,
        source: { missing: true, address: { bus: 250, port: '9.9' } },
        alias: 'vusb-0-2',
        address: { kind: 'usb', bus: 0, port: '2' },
      },
    ])
  })

  it('tells when one starts and stops, and when its devices come and go', async () => {
    const events = await host.watchDomains()
    const next = async () => (await events[Symbol.asyncIterator]().next()).value
    await dom0.store.write('/libxl/5/device/vusb/0/type', 'devicemodel')
    await dom0.store.write('/libxl/5/device/vusb/0/port/3', '250-9.9')
    expect(await next()).toEqual({ kind: 'device-added', domain: 'alpha', alias: 'vusb-0-3' })
    await dom0.store.write('/libxl/5/device/vusb/0/port/3', '')
    expect(await next()).toEqual({ kind: 'device-removed', domain: 'alpha', alias: 'vusb-0-3' })
    await dom0.start(gamma)
    expect(await next()).toEqual({ kind: 'started', domain: 'gamma' })
    await dom0.stop(gamma)
    expect(await next()).toEqual({ kind: 'stopped', domain: 'gamma' })
    await events[Symbol.asyncDispose]()
  })
}
