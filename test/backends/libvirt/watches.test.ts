import { afterEach, describe, expect, it } from 'vitest'
import type { DeviceEvent, DomainEvent, Watch } from '../../../src/backend.js'
import type { NodeDeviceDef } from '../../../src/index.js'
import { libvirt } from '../../../src/libvirt.js'
import { type Handlers, type RpcServer, rpcServer } from '../../fakes/rpc-server.js'
import { testDriver } from '../../fakes/test-driver.js'

const servers: RpcServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

const vhba: NodeDeviceDef = {
  name: 'new',
  parent: 'scsi_host1',
  capabilities: [{ kind: 'scsi_host', host: 0, fcHost: { wwnn: '2000000099999999', wwpn: '1000000099999999' } }],
}

async function playedBackend(options = {}) {
  const server = await testDriver()
  servers.push(server)
  const backend = await libvirt({ uri: `test:///default?socket=${server.path}`, ...options })
  return { server, backend, devices: backend.devices as Required<typeof backend.devices> }
}

async function next<E>(watch: Watch<E>, count: number): Promise<E[]> {
  const iterator = watch[Symbol.asyncIterator]()
  const events: E[] = []
  for (let i = 0; i < count; i++) events.push((await iterator.next()).value)
  return events
}

describe('a watch of node devices', () => {
  it('tells what comes, changes and goes, in order', async () => {
    const { server, backend, devices } = await playedBackend()
    await using watch = await devices.watch({})
    const name = await devices.create(vhba, {})
    server.tellUpdate('computer')
    await devices.destroy(name, {})
    expect(await next(watch, 3)).toEqual([
      { kind: 'created', device: name },
      { kind: 'updated', device: 'computer' },
      { kind: 'deleted', device: name },
    ])
    await backend[Symbol.asyncDispose]()
  })

  it('tells of one kind alone', async () => {
    const { server, backend, devices } = await playedBackend()
    await using watch = await devices.watch({ capability: 'fc_host' })
    await using other = await devices.watch({ capability: 'system' })
    const name = await devices.create(vhba, {})
    server.tellUpdate('computer')
    server.tellUpdate(name)
    await devices.destroy(name, {})
    expect(await next(watch, 3)).toEqual(['created', 'updated', 'deleted'].map((kind) => ({ kind, device: name })))
    expect(await next(other, 1)).toEqual([{ kind: 'updated', device: 'computer' }])
    await backend[Symbol.asyncDispose]()
  })

  it('tells of one device alone', async () => {
    const { server, backend, devices } = await playedBackend()
    await using watch = await devices.watch({ device: 'scsi_host1' })
    server.tellUpdate('computer')
    server.tellUpdate('scsi_host1')
    expect(await next(watch, 1)).toEqual([{ kind: 'updated', device: 'scsi_host1' }])
    await backend[Symbol.asyncDispose]()
  })

  it('ends with its connection', async () => {
    const { server, devices } = await playedBackend()
    const watch = await devices.watch({})
    for (const socket of server.sockets) socket.destroy()
    await expect(next(watch, 1)).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('goes on over a lost connection when asked to, and tells what it missed', async () => {
    const { server, backend, devices } = await playedBackend({ reconnect: true })
    await using watch = await devices.watch({})
    const whileLost = async (change: (others: typeof devices) => Promise<unknown>) => {
      for (const socket of server.sockets) socket.destroy()
      server.forgetSubscriptions()
      await change((await playOn(server)).devices)
    }
    await whileLost((others) => others.create(vhba, {}))
    expect(await next<DeviceEvent>(watch, 1)).toEqual([{ kind: 'created', device: 'scsi_host12' }])
    await whileLost((others) => others.destroy('scsi_host12', {}))
    expect(await next<DeviceEvent>(watch, 1)).toEqual([{ kind: 'deleted', device: 'scsi_host12' }])
    server.tellUpdate('computer')
    expect(await next<DeviceEvent>(watch, 1)).toEqual([{ kind: 'updated', device: 'computer' }])
    expect(await devices.list({}, {})).toContain('scsi_host1')
    await backend[Symbol.asyncDispose]()
  })

  it('does not go on after the connection was closed', async () => {
    const { backend, devices } = await playedBackend({ reconnect: true })
    const watch = await devices.watch({})
    await backend[Symbol.asyncDispose]()
    await expect(next(watch, 1)).rejects.toMatchObject({ code: 'no-connection' })
    await expect(devices.list({}, {})).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('ends with an abort', async () => {
    const { backend, devices } = await playedBackend()
    const controller = new AbortController()
    const watch = await devices.watch({ signal: controller.signal })
    controller.abort('enough')
    await expect(next(watch, 1)).rejects.toBe('enough')
    await backend[Symbol.asyncDispose]()
  })
})

/** Somebody else on the same libvirtd. */
async function playOn(server: RpcServer) {
  const backend = await libvirt({ uri: `test:///default?socket=${server.path}` })
  return { devices: backend.devices as Required<typeof backend.devices> }
}

describe('a watch of guests', () => {
  const dom = { name: 'one', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 1 }

  async function watchOf(handlers: Handlers) {
    let nextCallback = 0
    const server = await rpcServer({
      connectGetLibVersion: () => ({ libVer: 9_000_000 }),
      connectListAllDomains: () => ({ domains: [dom], ret: 1 }),
      connectDomainEventCallbackRegisterAny: () => ({ callbackId: nextCallback++ }),
      connectDomainEventCallbackDeregisterAny: () => ({}),
      ...handlers,
    })
    servers.push(server)
    const { domains } = await libvirt({ uri: `qemu:///system?socket=${server.path}` })
    return { server, watch: (await domains?.watch?.({})) as Watch<DomainEvent> }
  }

  it('tells how guests and their devices come and go', async () => {
    const { server, watch } = await watchOf({})
    for (const event of [0, 2, 3, 4, 5, 1]) server.emit('domainLifecycle', { callbackId: 0, dom, event, detail: 0 })
    server.emit('domainDeviceAdded', { callbackId: 1, dom, devAlias: 'hostdev0' })
    server.emit('domainDeviceRemovalFailed', { callbackId: 3, dom, devAlias: 'hostdev0' })
    server.emit('domainDeviceRemoved', { callbackId: 2, dom, devAlias: 'hostdev0' })
    expect(await next(watch, 7)).toEqual([
      ...['defined', 'started', 'stopped', 'undefined'].map((kind) => ({ kind, domain: 'one' })),
      ...['device-added', 'removal-failed', 'device-removed'].map((kind) => ({
        kind,
        domain: 'one',
        alias: 'hostdev0',
      })),
    ])
    await watch[Symbol.asyncDispose]()
  })
})
