import { afterEach, beforeEach, expect, it } from 'vitest'
import { connectUnix } from '../../../src/os/socket.js'
import type { RpcClient } from '../../../src/wire/libvirt-rpc/client.js'
import { openConnection } from '../../../src/wire/libvirt-rpc/open.js'

const guest = { name: 'test', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 1 }

const vhba = (wwnn: string, wwpn: string) => `<device>
  <parent>scsi_host1</parent>
  <capability type='scsi_host'>
    <capability type='fc_host'><wwnn>${wwnn}</wwnn><wwpn>${wwpn}</wwpn></capability>
  </capability>
</device>`

/** What a client sees of `test:///default`: the same on a real libvirtd and on the one the unit tests play. */
export function clientSuite(socketPath: () => string): void {
  let client: RpcClient

  beforeEach(async () => {
    client = await openConnection(await connectUnix(socketPath()), { uri: 'test:///default' })
  })
  afterEach(() => {
    client.close()
  })

  it('tells what it is connected to', async () => {
    expect(await client.call('connectGetUri', {})).toEqual({ uri: 'test:///default' })
    expect((await client.call('connectGetType', {})).type.toLowerCase()).toBe('test')
    expect((await client.call('connectGetLibVersion', {})).libVer).toBeGreaterThan(1_000_000)
    expect((await client.call('connectGetHostname', {})).hostname).not.toBe('')
    expect((await client.call('connectGetCapabilities', {})).capabilities).toMatch(/^<capabilities/)
  })

  it('lists the same node devices by each of the three calls', async () => {
    const all = ['computer', 'scsi_host1', 'scsi_host11', 'scsi_host2']
    const { names } = await client.call('nodeListDevices', { cap: undefined, maxnames: 100, flags: 0 })
    const { devices, ret } = await client.call('connectListAllNodeDevices', { needResults: true, flags: 0 })
    expect([...names].sort()).toEqual(all)
    expect(devices.map(({ name }) => name).sort()).toEqual(all)
    expect([ret, (await client.call('nodeNumOfDevices', { cap: undefined, flags: 0 })).num]).toEqual([4, 4])
  })

  it('lists the node devices of one kind, and none of an empty one', async () => {
    const ofKind = async (cap: string) => (await client.call('nodeListDevices', { cap, maxnames: 100, flags: 0 })).names
    expect(await ofKind('system')).toEqual(['computer'])
    expect(await ofKind('')).toEqual([])
  })

  it('only counts when no results are asked for', async () => {
    expect(await client.call('connectListAllNodeDevices', { needResults: false, flags: 0 })).toEqual({
      devices: [],
      ret: 4,
    })
  })

  it('describes a node device', async () => {
    const name = 'scsi_host11'
    expect((await client.call('nodeDeviceGetXmlDesc', { name, flags: 0 })).xml).toContain(`<name>${name}</name>`)
    expect(await client.call('nodeDeviceGetParent', { name })).toEqual({ parent: 'scsi_host1' })
    expect(await client.call('nodeDeviceGetParent', { name: 'computer' })).toEqual({ parent: undefined })
    expect(await client.call('nodeDeviceNumOfCaps', { name })).toEqual({ num: 1 })
    expect(await client.call('nodeDeviceListCaps', { name, maxnames: 10 })).toEqual({ names: ['scsi_host'] })
  })

  it('looks a node device up', async () => {
    expect(await client.call('nodeDeviceLookupByName', { name: 'computer' })).toEqual({ dev: { name: 'computer' } })
  })

  it('keeps number, domain and message of an error', async () => {
    const name = `no "such" <device> & 'so on'`
    await expect(client.call('nodeDeviceLookupByName', { name })).rejects.toMatchObject({
      code: 'no-node-device',
      number: 53,
      domain: expect.any(Number),
      message: expect.stringContaining(name),
      details: { libvirt: { level: 2 } },
    })
  })

  it('tells a driver that lacks a call', async () => {
    await expect(client.call('nodeDeviceDettach', { name: 'computer' })).rejects.toMatchObject({
      code: 'unsupported',
      number: 3,
    })
  })

  it('tells which libvirt has a procedure that this one lacks', async () => {
    const { libVer } = await client.call('connectGetLibVersion', {})
    const update = client.call('nodeDeviceUpdate', { name: 'computer', xmlDesc: '', flags: 0 })
    await expect(update).rejects.toMatchObject(
      libVer >= 10_001_000
        ? { code: 'unsupported' }
        : {
            code: 'unsupported',
            message: 'nodeDeviceUpdate is unknown to this libvirtd: it takes 10.1.0 or newer',
          },
    )
  })

  it('lists and looks up guests', async () => {
    expect(await client.call('connectListAllDomains', { needResults: true, flags: 0 })).toEqual({
      domains: [guest],
      ret: 1,
    })
    expect(await client.call('domainLookupByName', { name: 'test' })).toEqual({ dom: guest })
    expect(await client.call('domainLookupByUuid', { uuid: guest.uuid })).toEqual({ dom: guest })
    expect((await client.call('domainGetXmlDesc', { dom: guest, flags: 0 })).xml).toMatch(/^<domain type='test'/)
    expect(await client.call('domainGetState', { dom: guest, flags: 0 })).toMatchObject({ state: 1 })
    await expect(client.call('domainLookupByName', { name: 'no' })).rejects.toMatchObject({ code: 'no-domain' })
  })

  it('answers many calls made at once, each with its own result', async () => {
    const names = Array.from({ length: 50 }, (_, i) => ['computer', 'scsi_host1', 'scsi_host2'][i % 3] as string)
    const answers = names.map((name) => client.call('nodeDeviceGetXmlDesc', { name, flags: 0 }))
    const got = (await Promise.all(answers)).map(({ xml }) => /<name>(.*)<\/name>/.exec(xml)?.[1])
    expect(got).toEqual(names)
  })

  it('hears of node devices that come and go, from the moment of the subscription', async () => {
    await using events = await client.subscribe('nodeDeviceLifecycle', undefined)
    const xmlDesc = vhba('2000000099999999', '1000000099999999')
    const { dev } = await client.call('nodeDeviceCreateXml', { xmlDesc, flags: 0 })
    await client.call('nodeDeviceDestroy', { name: dev.name })
    const [created, deleted] = [await events.next(), await events.next()]
    expect(created.value).toMatchObject({ dev, event: 0, detail: 0 })
    expect(deleted.value).toMatchObject({ dev, event: 1, detail: 0 })
  })

  it('gives each of several subscriptions its events, for as long as it stays', async () => {
    const [left, lifecycle, updates] = await Promise.all([
      client.subscribe('nodeDeviceLifecycle', undefined),
      client.subscribe('nodeDeviceLifecycle', undefined),
      client.subscribe('nodeDeviceUpdate', undefined),
    ])
    await left.return()
    const xmlDesc = vhba('2000000088888888', '1000000088888888')
    const { dev } = await client.call('nodeDeviceCreateXml', { xmlDesc, flags: 0 })
    await client.call('nodeDeviceDestroy', { name: dev.name })
    expect((await lifecycle.next()).value).toMatchObject({ dev, event: 0 })
    expect(await left.next()).toEqual({ value: undefined, done: true })
    updates.end()
    expect(await updates.next()).toEqual({ value: undefined, done: true })
    await lifecycle.return()
  })

  it('subscribes again after the last has left', async () => {
    await (await client.subscribe('nodeDeviceLifecycle', undefined)).return()
    await (await client.subscribe('nodeDeviceLifecycle', undefined)).return()
  })

  it('hears of one node device alone', async () => {
    await using events = await client.subscribe('nodeDeviceLifecycle', { name: 'computer' })
    await using all = await client.subscribe('nodeDeviceLifecycle', undefined)
    const xmlDesc = vhba('2000000077777777', '1000000077777777')
    const { dev } = await client.call('nodeDeviceCreateXml', { xmlDesc, flags: 0 })
    expect((await all.next()).value).toMatchObject({ dev, event: 0 })
    events.end()
    expect(await events.next()).toEqual({ value: undefined, done: true })
    await client.call('nodeDeviceDestroy', { name: dev.name })
  })

  it('ends subscriptions and refuses calls once it is closed', async () => {
    const events = await client.subscribe('nodeDeviceLifecycle', undefined)
    client.close()
    await expect(events.next()).rejects.toMatchObject({ code: 'no-connection' })
    await expect(client.call('connectGetHostname', {})).rejects.toMatchObject({ code: 'no-connection' })
    expect(await client.closed).toBeUndefined()
  })
}
