import { capabilityFlags } from '../../src/model/node-device-flags.js'
import { type Handlers, RemoteFailure, type RpcServer, rpcServer } from './rpc-server.js'

const computer = `<device>
  <name>computer</name>
  <capability type='system'>
    <hardware>
      <vendor>hostdev</vendor>
      <uuid>0f2d3a4c-1111-2222-3333-444455556666</uuid>
    </hardware>
    <firmware/>
  </capability>
</device>
`

const scsiHost = (name: string, parent: string, wwnn: string, wwpn: string) => `<device>
  <name>${name}</name>
  <parent>${parent}</parent>
  <capability type='scsi_host'>
    <host>${name.slice('scsi_host'.length)}</host>
    <capability type='fc_host'>
      <wwnn>${wwnn}</wwnn>
      <wwpn>${wwpn}</wwpn>
      <fabric_wwn>2000000043214321</fabric_wwn>
    </capability>
  </capability>
</device>
`

const elementOf = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]

/** A libvirtd in whose host a test can stir. */
export interface TestDriver extends RpcServer {
  /** Tells those who listen that a device has changed. */
  tellUpdate(name: string): void
  /** What libvirtd does with the subscriptions of a connection that ends. */
  forgetSubscriptions(): void
}

/**
 * Plays as much of libvirt's `test:///default` as our client tests ask of it: four node devices, one guest, virtual
 * fibre channel hosts that come and go, and events.
 */
export async function testDriver(): Promise<TestDriver> {
  const devices = new Map([
    ['computer', computer],
    ['scsi_host1', scsiHost('scsi_host1', 'computer', '2000000012341234', '1000000012341234')],
    ['scsi_host2', scsiHost('scsi_host2', 'computer', '2000000056785678', '1000000056785678')],
    ['scsi_host11', scsiHost('scsi_host11', 'scsi_host1', '2000000034563456', '1000000034563456')],
  ])
  const test = { name: 'test', uuid: '6695eb01-f6a4-8304-79aa-97f2502e193f', id: 1 }
  const subscriptions = new Map<number, { eventId: number; about?: { name: string } | undefined }>()
  let nextCallback = 0

  const xmlOf = (name: string): string => {
    const xml = devices.get(name)
    if (xml === undefined)
      throw new RemoteFailure(53, 22, `Node device not found: no node device with matching name '${name}'`)
    return xml
  }
  const withCapability = (cap: string | undefined) =>
    [...devices].filter(([, xml]) => cap === undefined || xml.includes(`type='${cap}'`)).map(([name]) => name)
  const withFlags = (flags: number) => {
    if (flags > 0xffffff) throw new RemoteFailure(8, 0, `unsupported flags (0x${flags.toString(16)})`)
    const words = Object.entries(capabilityFlags).flatMap(([word, bit]) => (flags & bit ? [word] : []))
    return flags === 0 ? [...devices.keys()] : [...new Set(words.flatMap(withCapability))]
  }
  const register = (asked: { eventId: number; about?: { name: string } | undefined }) => {
    for (const { eventId, about } of subscriptions.values())
      if (eventId === asked.eventId && about?.name === asked.about?.name)
        throw new RemoteFailure(8, 0, 'invalid argument: event callback already tracked')
    subscriptions.set(nextCallback, asked)
    return { callbackId: nextCallback++ }
  }
  const deregister = ({ callbackId }: { callbackId: number }) => {
    subscriptions.delete(callbackId)
    return {}
  }
  const callbacks = (eventId: number, name: string): number[] =>
    [...subscriptions]
      .filter(([, asked]) => asked.eventId === eventId && (asked.about?.name ?? name) === name)
      .map(([callbackId]) => callbackId)
  const tell = (name: string, event: number) => {
    for (const callbackId of callbacks(0, name))
      server.emit('nodeDeviceLifecycle', { callbackId, dev: { name }, event, detail: 0 })
  }
  const theGuest = (known: boolean) => {
    if (!known) throw new RemoteFailure(42, 12, 'Domain not found')
    return { dom: test }
  }

  const handlers: Handlers = {
    connectGetType: () => ({ type: 'Test' }),
    connectGetUri: () => ({ uri: 'test:///default' }),
    connectGetHostname: () => ({ hostname: 'fake' }),
    connectGetVersion: () => ({ hvVer: 2 }),
    connectGetLibVersion: () => ({ libVer: 9_000_000 }),
    connectGetCapabilities: () => ({ capabilities: '<capabilities/>' }),
    nodeNumOfDevices: ({ cap }) => ({ num: withCapability(cap).length }),
    nodeListDevices: ({ cap, maxnames }) => ({ names: withCapability(cap).slice(0, maxnames) }),
    connectListAllNodeDevices: ({ needResults, flags }) => {
      const names = withFlags(flags)
      return { devices: needResults ? names.map((name) => ({ name })) : [], ret: names.length }
    },
    nodeDeviceLookupByName: ({ name }) => ({ dev: { name: xmlOf(name) && name } }),
    nodeDeviceGetXmlDesc: ({ name }) => ({ xml: xmlOf(name) }),
    nodeDeviceGetParent: ({ name }) => ({ parent: elementOf(xmlOf(name), 'parent') }),
    nodeDeviceNumOfCaps: ({ name }) => ({ num: xmlOf(name) ? 1 : 0 }),
    nodeDeviceListCaps: ({ name }) => ({ names: [/capability type='(\w+)'/.exec(xmlOf(name))?.[1] ?? ''] }),
    nodeDeviceDettach: () => {
      throw new RemoteFailure(3, 22, 'this function is not supported by the connection driver: virNodeDeviceDettach')
    },
    nodeDeviceCreateXml: ({ xmlDesc }) => {
      // whatever was there: the test driver knows no other number (testNodeDeviceMockCreateVport)
      const name = 'scsi_host12'
      const [parent, wwnn, wwpn] = ['parent', 'wwnn', 'wwpn'].map((element) => elementOf(xmlDesc, element) ?? '')
      devices.set(name, scsiHost(name, parent ?? '', wwnn ?? '', wwpn ?? ''))
      tell(name, 0)
      return { dev: { name } }
    },
    nodeDeviceDestroy: ({ name }) => {
      xmlOf(name)
      devices.delete(name)
      tell(name, 1)
      return {}
    },
    connectNodeDeviceEventRegisterAny: register,
    connectNodeDeviceEventDeregisterAny: deregister,
    connectListAllDomains: ({ needResults }) => ({ domains: needResults ? [test] : [], ret: 1 }),
    domainLookupByName: ({ name }) => theGuest(name === test.name),
    domainLookupByUuid: ({ uuid }) => theGuest(uuid === test.uuid),
    domainGetXmlDesc: () => ({ xml: `<domain type='test'><name>test</name><uuid>${test.uuid}</uuid></domain>` }),
    domainGetState: () => ({ state: 1, reason: 0 }),
  }
  const server = await rpcServer(handlers)
  return {
    ...server,
    tellUpdate(name) {
      for (const callbackId of callbacks(1, name)) server.emit('nodeDeviceUpdate', { callbackId, dev: { name } })
    },
    forgetSubscriptions: () => subscriptions.clear(),
  }
}
