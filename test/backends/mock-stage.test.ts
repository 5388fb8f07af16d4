import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Connection, capabilityOf, connect, type DeviceEvent, VirtError } from '../../src/index.js'
import { type MockBackend, mock } from '../../src/mock.js'
import { smallHost } from '../data/small-host.js'

const mdevParent = `<device><name>pci_0000_06_00_0</name><parent>computer</parent><capability type='pci'>
<domain>0</domain><bus>6</bus><slot>0</slot><function>0</function><product id='0x1'/><vendor id='0x10de'/>
<capability type='mdev_types'><type id='nvidia-11'><deviceAPI>vfio-pci</deviceAPI><availableInstances>2</availableInstances></type></capability>
</capability></device>`
const hba = `<device><name>scsi_host5</name><parent>computer</parent><capability type='scsi_host'><host>5</host>
<capability type='fc_host'><wwnn>20000000c9848141</wwnn><wwpn>10000000c9848141</wwpn></capability>
<capability type='vport_ops'><max_vports>1</max_vports><vports>0</vports></capability></capability></device>`
const mdev = `<device><name>new device</name><parent>pci_0000_06_00_0</parent><capability type='mdev'><type id='nvidia-11'/>
<uuid>9063cba3-ecef-47b6-abcf-3fef4fdcad85</uuid></capability></device>`
const mdevName = 'mdev_9063cba3_ecef_47b6_abcf_3fef4fdcad85_0000_06_00_0'
const vhba = `<device><name>new device</name><parent>scsi_host5</parent><capability type='scsi_host'><host>0</host><capability type='fc_host'>
<wwnn>5001a4a93526d0a1</wwnn><wwpn>5001a4ace3ee045d</wwpn></capability></capability></device>`

let host: MockBackend
let conn: Connection
beforeEach(async () => {
  host = await mock({ devices: [...smallHost, mdevParent, hba], domains: [{ name: 'web' }] })
  conn = await connect(host)
})
afterEach(() => vi.useRealTimers())

const numberOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'no error',
    (error: unknown) => (VirtError.is(error) ? error.number : error),
  )
const room = async () =>
  capabilityOf(await (await conn.lookupNodeDevice('pci_0000_06_00_0')).def(), 'pci')?.mdevTypes?.[0]?.availableInstances

/** What is told of some work; a mock tells at once. */
async function eventsOf(work: () => Promise<void> | void, options = {}): Promise<DeviceEvent[]> {
  const events: DeviceEvent[] = []
  await using watch = await conn.watchNodeDevices(options)
  const reader = watch[Symbol.asyncIterator]()
  await work()
  for (;;) {
    const next = await Promise.race([
      reader.next(),
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ])
    if (!next || next.done) return events
    events.push(next.value)
  }
}

describe('mediated devices of a mock host', () => {
  it('take an instance of their parent while they are active', async () => {
    const device = await conn.createNodeDevice(mdev)
    expect([device.name, await room()]).toEqual([mdevName, 1])
    await device.destroy()
    expect([await room(), await numberOf(device.def())]).toEqual([2, 53])
  })

  it('are defined, started, stopped and forgotten', async () => {
    const device = await conn.defineNodeDevice(mdev)
    expect([await device.isActive(), await device.isPersistent(), await room()]).toEqual([false, true, 2])
    await device.setAutostart(true)
    await device.start()
    expect([await device.isActive(), await device.autostart(), await numberOf(device.start())]).toEqual([
      true,
      true,
      55,
    ])
    await device.destroy()
    expect([await device.isActive(), await numberOf(device.destroy())]).toEqual([false, 55])
    await device.undefine()
    expect(await numberOf(device.def())).toBe(53)
  })

  it('are listed by their state', async () => {
    await conn.defineNodeDevice(mdev)
    expect((await conn.listNodeDevices({ state: 'inactive' })).map(({ name }) => name)).toEqual([mdevName])
    expect(await conn.numOfNodeDevices({ capability: 'mdev', state: 'active' })).toBe(0)
  })

  it('run out', async () => {
    const another = () => conn.createNodeDevice(mdev.replace(/<uuid>.*<\/uuid>/, ''))
    await another()
    await another()
    expect(await numberOf(another())).toBe(1)
  })

  it('stay while a guest has them', async () => {
    const device = await conn.createNodeDevice(mdev)
    await (await conn.lookupDomain('web')).attachHostdev({
      kind: 'mdev',
      model: 'vfio-pci',
      source: { uuid: '9063cba3-ecef-47b6-abcf-3fef4fdcad85' },
    })
    expect(await numberOf(device.destroy())).toBe(1)
  })
})

describe('virtual HBAs of a mock host', () => {
  it('are made on their parent, found by WWN, and taken away', async () => {
    const device = await conn.createNodeDevice(vhba)
    const found = await conn.lookupNodeDeviceScsiHostByWwn('5001A4A93526D0A1', '0x5001a4ace3ee045d')
    expect([device.name, found.name, await device.parent()]).toEqual(['scsi_host6', 'scsi_host6', 'scsi_host5'])
    expect(await numberOf(conn.createNodeDevice(vhba))).toBe(1)
    await device.destroy()
    expect(await numberOf(device.def())).toBe(53)
  })

  it('find a parent themselves, and a name of their own', async () => {
    const device = await conn.createNodeDevice({ name: 'new device', capabilities: [{ kind: 'scsi_host', host: 0 }] })
    expect(await device.parent()).toBe('scsi_host5')
  })
})

it('nothing else can be created', async () => {
  expect(await numberOf(conn.createNodeDevice(smallHost[5] as string))).toBe(67)
})

describe('the stage hand', () => {
  it('plugs devices in and out, children first', async () => {
    expect(await eventsOf(() => host.stage.unplug('pci_0000_00_1f_2'))).toEqual([
      { kind: 'deleted', device: 'block_sda_DISK_1' },
      { kind: 'deleted', device: 'pci_0000_00_1f_2' },
    ])
    expect(await eventsOf(() => host.stage.plug(smallHost[1] as string))).toEqual([
      { kind: 'created', device: 'pci_0000_00_1f_2' },
    ])
  })

  it('replugs a USB device under another number', async () => {
    host.stage.replug('usb_usb1')
    const def = await (await conn.lookupNodeDevice('usb_usb1')).def()
    expect([capabilityOf(def, 'usb_device')?.device, def.devnode]).toEqual([2, '/dev/bus/usb/001/002'])
    expect(await (await conn.lookupNodeDevice('usb_1_0_1_0')).parent()).toBe('usb_usb1')
  })

  it('renames, changes and binds devices, and each is told', async () => {
    const events = await eventsOf(() => {
      host.stage.rename('net_eth0_52_54_00_aa_bb_cc', 'net_lan0_52_54_00_aa_bb_cc')
      host.stage.setDriver('pci_0000_00_1f_2', undefined)
      host.stage.change('usb_usb1', (def) => {
        def.driver = 'usbfs'
      })
    })
    expect(events.map(({ kind }) => kind)).toEqual(['deleted', 'created', 'driver', 'updated'])
  })

  it('tells watchers only what they asked for, deletions included', async () => {
    const events = await eventsOf(() => host.stage.unplug('pci_0000_00_1f_2'), { capability: 'storage' })
    expect(events).toEqual([{ kind: 'deleted', device: 'block_sda_DISK_1' }])
  })

  it('tells one who sleeps through 10,000 events what has become of the host, in bounded memory', async () => {
    await using watch = await conn.watchNodeDevices()
    const stick = (port: number) => ({
      name: `usb_1_${port}`,
      parent: 'computer',
      capabilities: [{ kind: 'drm' as const, type: 'primary' as const }],
    })
    host.stage.plug(stick(1))
    for (let times = 0; times < 5000; times++) {
      host.stage.plug(stick(2 + (times % 3)))
      host.stage.unplug(`usb_1_${2 + (times % 3)}`)
    }
    host.stage.unplug('usb_1_1')
    host.stage.plug(stick(9))
    const events: DeviceEvent[] = []
    for await (const event of watch) {
      events.push(event)
      if (event.device === 'usb_1_9') break
    }
    expect(events.length).toBeLessThan(1000)
    expect(events.some(({ merged }) => merged)).toBe(true)
    const present = new Set<string>()
    for (const { kind, device } of events)
      if (kind === 'created') present.add(device)
      else present.delete(device)
    expect([...present]).toEqual(['usb_1_9'])
  })

  it('has calls fail so many times', async () => {
    host.stage.fail('devices.lookup', new VirtError('system', 'EIO'), { times: 1 })
    expect(await numberOf(conn.lookupNodeDevice('computer'))).toBe(38)
    expect(await numberOf(conn.lookupNodeDevice('computer'))).toBe('no error')
  })

  it('has calls take longer, by fake timers too', async () => {
    vi.useFakeTimers()
    host.stage.delay('devices.list', 60_000)
    let count = 0
    const call = conn.numOfNodeDevices().then((number) => {
      count = number
    })
    await vi.advanceTimersByTimeAsync(59_999)
    expect(count).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    await call
    expect(count).toBe(8)
  })

  it('has calls hang until they are aborted', async () => {
    host.stage.hang('devices.list')
    const reason = new Error('enough')
    const controller = new AbortController()
    const call = conn.listNodeDevices({ signal: controller.signal })
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  it('notes every call', async () => {
    await (await conn.lookupNodeDevice('computer')).isActive()
    expect(host.stage.calls.map(({ call, args }) => [call, args[0]])).toEqual([
      ['devices.lookup', 'computer'],
      ['devices.state', 'computer'],
    ])
  })

  it('starts a guest with what its config says', async () => {
    await using events = await conn.watchDomains()
    host.stage.setRunning('web', false)
    host.stage.setRunning('web', true)
    const kinds: string[] = []
    for await (const { kind } of events) if (kinds.push(kind) === 2) break
    expect(kinds).toEqual(['stopped', 'started'])
  })
})
