import { createConnection } from 'node:net'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { connect, nodeDevice, VirtError } from '../../../src/index.js'
import { byteStream, type DaemonAddress, libvirt } from '../../../src/libvirt.js'
import { nodeDeviceContract } from '../../contract/node-devices.js'
import { type Handlers, RemoteFailure, type RpcServer, rpcServer } from '../../fakes/rpc-server.js'
import { testDriver } from '../../fakes/test-driver.js'

const played = await testDriver()
afterAll(() => played[Symbol.asyncDispose]())

nodeDeviceContract('a played libvirtd', {
  open: (options) => connect(`test:///default?socket=${played.path}`, options),
})

const servers: RpcServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

async function backendOf(handlers: Handlers, options = {}) {
  const server = await rpcServer({ connectGetLibVersion: () => ({ libVer: 9_000_000 }), ...handlers })
  servers.push(server)
  return await libvirt({ uri: `qemu:///system?socket=${server.path}`, ...options })
}

const device = (name: string) =>
  `<device><name>${name}</name><capability type='drm'><type>render</type></capability></device>`
const fail = (number: number, message: string) => () => {
  throw new RemoteFailure(number, 10, message)
}

describe('libvirt', () => {
  it('answers to the URI it was given, and to the one that libvirt: stands for', async () => {
    const chosen = { connectGetUri: () => ({ uri: 'xen:///system' }) }
    await using given = await backendOf(chosen)
    expect(given.uri).toMatch(/^qemu:\/\/\/system\?socket=/)
    process.env.LIBVIRT_DEFAULT_URI = `lxc:///?socket=${servers[0]?.path}`
    await using other = await libvirt()
    delete process.env.LIBVIRT_DEFAULT_URI
    expect(other.uri).toBe(`lxc:///?socket=${servers[0]?.path}`)
  })

  it('goes the way that a program brings along', async () => {
    const [server, addresses] = [await testDriver(), [] as DaemonAddress[]]
    servers.push(server)
    await using backend = await libvirt({
      uri: 'qemu+ssh://ann@far/system',
      dial: async (address) => {
        addresses.push(address)
        return byteStream(createConnection({ path: server.path }), 'far')
      },
    })
    expect(addresses).toMatchObject([{ transport: 'ssh', host: 'far', user: 'ann', uri: 'qemu:///system' }])
    expect(await backend.devices.list({}, {})).toContain('computer')
  })

  it.each([
    ['qemu+ext://far/system?command=/bin/true', 'unsupported'],
    ['qemu+ssh://-oProxyCommand=x/system', 'invalid-argument'],
    ['qemu:///system?socket=/nowhere/sock', 'no-connection'],
    ['qemu:///system?mode=none', 'invalid-argument'],
    ['qemu+unix://far/system', 'invalid-argument'],
  ])('refuses %s', async (uri, code) => {
    const error: unknown = await connect(uri).catch((reason: unknown) => reason)
    expect(VirtError.is(error) ? error.code : error).toBe(code)
  })

  it('says what this libvirtd is too old for', async () => {
    await using backend = await backendOf({})
    const abilities = (await backend.probe?.({})) ?? []
    expect(abilities.find(({ call }) => call === 'devices.update')).toMatchObject({
      can: false,
      reason: 'this libvirtd is older than 10.1.0',
    })
    expect(abilities.find(({ call }) => call === 'devices.define')).toEqual({ call: 'devices.define', can: true })
  })
})

describe('the node devices of a libvirtd', () => {
  it('are listed by names alone when all are wanted', async () => {
    await using backend = await backendOf({ nodeListDevices: () => ({ names: ['computer'] }) })
    expect(await backend.devices.list({}, {})).toEqual(['computer'])
  })

  it('are asked for by flag, and what has none by name', async () => {
    const asked: unknown[] = []
    await using backend = await backendOf({
      connectListAllNodeDevices: ({ flags }) => {
        asked.push(flags)
        return { devices: [{ name: 'a' }], ret: 1 }
      },
      nodeListDevices: ({ cap }) => {
        asked.push(cap)
        return { names: ['b'] }
      },
    })
    expect(await backend.devices.list({ capability: ['vpd', 'pci', 'flux'] }, {})).toEqual(['a', 'b'])
    expect(asked).toEqual([2 ** 21 + 2, 'flux'])
  })

  it('are asked for by name where the daemon does not know a flag', async () => {
    await using backend = await backendOf({
      connectListAllNodeDevices: fail(8, 'unsupported flags (0x400000)'),
      nodeListDevices: ({ cap }) => ({ names: [`of ${cap}`] }),
    })
    expect(await backend.devices.list({ capability: 'ccwgroup' }, {})).toEqual(['of ccwgroup'])
  })

  it('must fit every part of a filter', async () => {
    const byFlags: Record<number, string[]> = { 2: ['a', 'b'], [2 ** 31]: ['b', 'c'] }
    await using backend = await backendOf({
      connectListAllNodeDevices: ({ flags }) => ({
        devices: (byFlags[flags] ?? []).map((name) => ({ name })),
        ret: 0,
      }),
    })
    expect(await backend.devices.list({ bus: 'pci', state: 'active' }, {})).toEqual(['b'])
  })

  it('are told apart by their state one by one where the daemon has no flag for it', async () => {
    await using backend = await backendOf({
      connectListAllNodeDevices: fail(8, 'unsupported flags (0x10000000)'),
      nodeListDevices: () => ({ names: ['computer', 'mdev_1', 'pci_1'] }),
      nodeDeviceIsActive: ({ name }) => ({ active: name !== 'mdev_1' }),
      nodeDeviceIsPersistent: ({ name }) => ({ persistent: name !== 'pci_1' }),
      nodeDeviceGetAutostart: () => ({ autostart: false }),
    })
    expect(await backend.devices.list({ persistence: 'persistent' }, {})).toEqual(['computer', 'mdev_1'])
    expect(await backend.devices.list({ persistence: 'persistent', state: 'inactive' }, {})).toEqual(['mdev_1'])
  })

  it('are there and transient where the daemon cannot tell', async () => {
    await using backend = await backendOf({})
    expect(await backend.devices.state?.('pci_1', {})).toEqual({ active: true, persistent: false, autostart: false })
  })

  it('are read ten ahead, in order; what cannot be read is told and left out', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `usb_${i}`)
    await using backend = await backendOf({
      nodeListDevices: () => ({ names: [...names, 'gone', 'broken', 'failing'] }),
      nodeDeviceGetXmlDesc: async ({ name }) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
        if (name === 'gone') throw new RemoteFailure(53, 22, 'Node device not found')
        if (name === 'failing') throw new RemoteFailure(1, 22, 'internal error: no operstate')
        return { xml: name === 'broken' ? '<device><name>a & b' : device(name) }
      },
    })
    const read: string[] = []
    for await (const { name } of backend.devices.defs?.({}, {}) ?? []) read.push(name)
    expect(read).toEqual(names)
    expect(backend.devices.warnings?.()).toMatchObject([
      { path: 'broken' },
      { path: 'failing', problem: 'internal error: no operstate' },
    ])
  })

  it('cannot be read to the end when the connection is lost', async () => {
    await using backend = await backendOf({
      nodeListDevices: () => ({ names: ['a', 'b'] }),
      nodeDeviceGetXmlDesc: () => {
        for (const socket of servers[0]?.sockets ?? []) socket.destroy()
        return new Promise(() => {})
      },
    })
    const read = async () => {
      for await (const _ of backend.devices.defs?.({}, {}) ?? []) expect.unreachable()
    }
    await expect(read()).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('have a definition of their own from libvirt 10.1 on', async () => {
    await using old = await backendOf({})
    await expect(old.devices.lookup('mdev_1', { inactive: true })).rejects.toMatchObject({ code: 'unsupported' })
    await using recent = await backendOf({
      connectGetLibVersion: () => ({ libVer: 10_001_000 }),
      nodeDeviceGetXmlDesc: ({ flags }) => ({ xml: device(`flags_${flags}`) }),
    })
    expect(await recent.devices.lookup('mdev_1', { inactive: true })).toMatchObject({ name: 'flags_1' })
  })

  it('are changed by the calls of libvirt', async () => {
    const calls: unknown[] = []
    const note =
      <R>(name: string, result: R) =>
      (args: object): R => {
        calls.push({ name, ...args })
        return result
      }
    const dev = { dev: { name: 'mdev_1' } }
    await using backend = await backendOf({
      nodeDeviceCreateXml: note('createXml', dev),
      nodeDeviceDefineXml: note('defineXml', dev),
      nodeDeviceDestroy: note('destroy', {}),
      nodeDeviceUndefine: note('undefine', {}),
      nodeDeviceCreate: note('create', {}),
      nodeDeviceSetAutostart: note('setAutostart', {}),
      nodeDeviceUpdate: note('update', {}),
      nodeDeviceDetachFlags: note('detach', {}),
      nodeDeviceReAttach: note('reattach', {}),
      nodeDeviceReset: note('reset', {}),
    })
    const { devices } = backend
    const def = nodeDevice.parse(device('new'))
    expect([await devices.create?.(def, {}), await devices.define?.(def, {})]).toEqual(['mdev_1', 'mdev_1'])
    await devices.destroy?.('a', {})
    await devices.undefine?.('a', {})
    await devices.start?.('a', {})
    await devices.setAutostart?.('a', true, {})
    await devices.update?.('a', def, { live: true, config: true })
    await devices.detach?.('a', {})
    await devices.detach?.('a', { driver: 'vfio' })
    await devices.reattach?.('a', {})
    await devices.reset?.('a', {})
    const xmlDesc = expect.stringMatching(/^<device>\n {2}<name>new<\/name>/)
    expect(calls).toEqual([
      { name: 'createXml', xmlDesc, flags: 0 },
      { name: 'defineXml', xmlDesc, flags: 0 },
      { name: 'a' },
      { name: 'a', flags: 0 },
      { name: 'a', flags: 0 },
      { name: 'a', autostart: true },
      { name: 'a', xmlDesc, flags: 3 },
      { name: 'a', driverName: undefined, flags: 0 },
      { name: 'a', driverName: 'vfio', flags: 0 },
      { name: 'a' },
      { name: 'a' },
    ])
  })

  it('stand in the errors about them', async () => {
    await using backend = await backendOf({ nodeDeviceReset: fail(55, 'device is in use by qemu') })
    await expect(backend.devices.reset?.('pci_1', {})).rejects.toMatchObject({
      code: 'operation-invalid',
      number: 55,
      domain: 10,
      details: { device: 'pci_1', backend: 'libvirt', libvirt: { level: 2 } },
    })
  })
})
