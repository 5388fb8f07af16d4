import { afterEach, describe, expect, it, vi } from 'vitest'
import { type HostdevInterface, hostdev } from '../../../src/index.js'
import { libvirt } from '../../../src/libvirt.js'
import { guestInterface, hostdevOfInterface } from '../../../src/xml.js'
import { type Handlers, RemoteFailure, type RpcServer, rpcServer } from '../../fakes/rpc-server.js'

const uuid = '6695eb01-f6a4-8304-79aa-97f2502e193f'
const running = { name: 'one', uuid, id: 3 }
const dongle = `<hostdev mode='subsystem' type='usb' managed='no'>
  <source>
    <vendor id='0x0483'/>
    <product id='0x2016'/>
  </source>
</hostdev>
`
const attachedDongle = dongle.replace(
  '  </source>\n',
  "    <address bus='1' device='3'/>\n  </source>\n  <alias name='hostdev0'/>\n  <address type='usb' bus='0' port='1'/>\n",
)

let server: RpcServer
afterEach(() => server[Symbol.asyncDispose]())

/** A libvirtd with one guest; attaching and detaching change what it has. */
async function guestWith(devices: string[], { dom = running, handlers = {} as Handlers } = {}) {
  const calls: unknown[] = []
  const known = (is: boolean) => {
    if (!is) throw new RemoteFailure(42, 10, 'Domain not found')
    return { dom }
  }
  let nextCallback = 0
  server = await rpcServer({
    connectGetLibVersion: () => ({ libVer: 9_000_000 }),
    connectListAllDomains: () => ({ domains: [dom], ret: 1 }),
    connectDomainEventCallbackRegisterAny: () => ({ callbackId: nextCallback++ }),
    connectDomainEventCallbackDeregisterAny: () => ({}),
    domainLookupByName: ({ name }) => known(name === dom.name),
    domainLookupByUuid: (args) => known(args.uuid === uuid),
    domainGetState: () => ({ state: dom.id < 0 ? 5 : 1, reason: 0 }),
    domainGetXmlDesc: ({ flags }) => {
      calls.push({ xml: flags })
      return { xml: `<domain type='kvm'><name>one</name><devices><disk/>${devices.join('')}</devices></domain>` }
    },
    domainAttachDeviceFlags: ({ xml, flags }) => {
      calls.push({ attach: xml, flags })
      devices.push(attachedDongle)
      return {}
    },
    domainDetachDeviceFlags: ({ xml, flags }) => {
      calls.push({ detach: xml, flags })
      return {}
    },
    ...handlers,
  })
  const backend = await libvirt({ uri: `qemu:///system?socket=${server.path}` })
  if (!backend.domains) throw new Error('no guests')
  return { calls, domains: backend.domains }
}

const removed = (callbackId: number, devAlias: string) => {
  const event = callbackId === 2 ? 'domainDeviceRemoved' : 'domainDeviceRemovalFailed'
  server.emit(event, { callbackId, dom: running, devAlias })
}

describe('the guests of a libvirtd', () => {
  it('are listed with their state, and their number while they run', async () => {
    const { domains } = await guestWith([])
    expect(await domains.list({})).toEqual([{ name: 'one', uuid, id: 3, state: 'running' }])
  })

  it('are looked up by name or UUID', async () => {
    const { domains } = await guestWith([], { dom: { ...running, id: -1 } })
    const info = { name: 'one', uuid, state: 'shutoff' }
    expect(await domains.lookup('one', {})).toEqual(info)
    expect(await domains.lookup(uuid.toUpperCase(), {})).toEqual(info)
    expect(await domains.lookup('two', {})).toBeUndefined()
    expect(await domains.lookup(uuid.replace('6', '7'), {})).toBeUndefined()
  })

  it('show their host devices and USB controllers, as they run or as they are stored', async () => {
    const controller = "<controller type='usb' index='0' model='qemu-xhci'/><controller type='pci' index='0'/>"
    const { calls, domains } = await guestWith([attachedDongle, controller])
    expect(await domains.hostdevs('one', {})).toEqual([hostdev.parse(attachedDongle)])
    expect(await domains.controllers?.('one', { config: true })).toMatchObject([{ index: 0, model: 'qemu-xhci' }])
    expect(calls).toEqual([{ xml: 0 }, { xml: 2 }])
  })

  it('name themselves in errors', async () => {
    const { domains } = await guestWith([])
    await expect(domains.hostdevs('two', {})).rejects.toMatchObject({ code: 'no-domain', details: { domain: 'two' } })
  })

  it.each([
    [{}, 0],
    [{ live: true }, 1],
    [{ config: true }, 2],
    [{ live: true, config: true }, 3],
  ])('get a device with %j, and answer as they have it', async (options, flags) => {
    const { calls, domains } = await guestWith([])
    expect(await domains.attach('one', hostdev.parse(dongle), options)).toEqual(hostdev.parse(attachedDongle))
    expect(calls).toContainEqual({ attach: dongle, flags })
  })

  it('answer with the device they have already', async () => {
    const { calls, domains } = await guestWith([attachedDongle])
    expect(await domains.attach('one', hostdev.parse(dongle), {})).toEqual(hostdev.parse(attachedDongle))
    expect(calls).toEqual([{ xml: 0 }])
  })

  describe('with an interface that is a host device', () => {
    const lan = `<interface type='hostdev' managed='yes'>
  <mac address='52:54:00:6d:90:02'/>
  <source>
    <address type='pci' domain='0x0000' bus='0x06' slot='0x10' function='0x1'/>
  </source>
  <vlan>
    <tag id='42'/>
  </vlan>
</interface>
`
    const attachedLan = lan.replace('</interface>', "  <alias name='hostdev0'/>\n</interface>")
    const def = guestInterface.parse(lan) as HostdevInterface
    const theirs = hostdevOfInterface(guestInterface.parse(attachedLan))

    it('have libvirtd told of all of it, and answer with the host device that it is', async () => {
      const devices: string[] = []
      const { calls, domains } = await guestWith(devices, {
        handlers: {
          domainAttachDeviceFlags: ({ xml }) => {
            calls.push({ attach: xml })
            devices.push("<interface type='bridge'><source bridge='br0'/></interface>", attachedLan)
            return {}
          },
        },
      })
      expect(await domains.attachInterface?.('one', def, {})).toEqual(theirs)
      expect(calls).toContainEqual({ attach: lan })
      expect(await domains.hostdevs('one', {})).toEqual([theirs])
      expect(await domains.attachInterface?.('one', def, {})).toEqual(theirs)
      expect(calls.filter((call) => JSON.stringify(call).includes('attach"'))).toHaveLength(1)
    })

    it('give it back as the interface that it is', async () => {
      const { calls, domains } = await guestWith([attachedLan])
      const detach = domains.detach('one', { alias: 'hostdev0' }, {})
      await vi.waitFor(() => expect(calls).toContainEqual({ detach: attachedLan, flags: 0 }))
      removed(2, 'hostdev0')
      await detach
    })
  })

  it('have let go of a device when a detach answers', async () => {
    const { calls, domains } = await guestWith([attachedDongle])
    let released = false
    const detach = domains.detach('one', hostdev.parse(dongle), {}).then(() => released)
    await new Promise((resolve) => setTimeout(resolve, 50))
    removed(2, 'hostdev7')
    await new Promise((resolve) => setTimeout(resolve, 20))
    released = true
    removed(2, 'hostdev0')
    expect(await detach).toBe(true)
    expect(calls).toContainEqual({ detach: attachedDongle, flags: 0 })
  })

  it('may refuse to let go', async () => {
    const { domains } = await guestWith([attachedDongle], {
      handlers: {
        domainDetachDeviceFlags: () => {
          setTimeout(() => removed(3, 'hostdev0'), 10)
          return {}
        },
      },
    })
    await expect(domains.detach('one', hostdev.parse(dongle), {})).rejects.toMatchObject({
      code: 'operation-failed',
      message: 'the guest one refuses to let go of USB device 1:3',
    })
  })

  it('let go of everything when they stop', async () => {
    const { domains } = await guestWith([attachedDongle], {
      handlers: {
        domainDetachDeviceFlags: () => {
          setTimeout(() => server.emit('domainLifecycle', { callbackId: 0, dom: running, event: 5, detail: 0 }), 10)
          return {}
        },
      },
    })
    await domains.detach('one', hostdev.parse(dongle), {})
  })

  it('need not let go of what is only in their stored configuration', async () => {
    const { calls, domains } = await guestWith([dongle])
    await domains.detach('one', hostdev.parse(dongle), { config: true })
    expect(calls).toContainEqual({ detach: dongle, flags: 2 })
  })

  it('cannot give back what they do not have', async () => {
    const { domains } = await guestWith([])
    await expect(domains.detach('one', hostdev.parse(dongle), {})).rejects.toMatchObject({
      code: 'device-missing',
      message: 'the guest one has no USB device 0483:2016',
    })
  })
})
