import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DeviceEvent } from '../../src/backend.js'
import { watchDevices } from '../../src/host/device-watch.js'
import { type DeviceTrace, LinuxHost } from '../../src/host/linux-host.js'
import type { DeviceHint } from '../../src/os/device-hints.js'
import { MemoryFiles } from '../../src/os/host-files-memory.js'

let files: MemoryFiles
let host: LinuxHost
let hint: (hint: DeviceHint) => void
const hints = (onHint: (hint: DeviceHint) => void) => {
  hint = onHint
  return { stop: vi.fn() }
}

function plug(name: string, parent = '/sys/devices/virtual/net') {
  const path = `${parent}/${name}`
  files.set(`${path}/address`, '52:54:00:00:00:01\n')
  files.set(`${path}/operstate`, 'down\n')
  files.set(`${path}/uevent`, `INTERFACE=${name}\nIFINDEX=7\n`)
  files.set(`${path}/subsystem`, { link: '../../../../class/net' })
  files.set(`/sys/class/net/${name}`, { link: `../..${path.slice(4)}` })
}
function unplug(name: string, parent = '/sys/devices/virtual/net') {
  files.delete(`${parent}/${name}`)
  files.delete(`/sys/class/net/${name}`)
}

const usb = '/sys/devices/usb9/9-1'
function plugUsb() {
  files.set(`${usb}/uevent`, 'DEVTYPE=usb_device\nBUSNUM=009\nDEVNUM=002\nDEVNAME=bus/usb/009/002\n')
  for (const [file, text] of Object.entries({ idVendor: '0403', idProduct: '6001', busnum: '9', devnum: '2' }))
    files.set(`${usb}/${file}`, `${text}\n`)
  files.set(`${usb}/subsystem`, { link: '../../../bus/usb' })
  files.set('/sys/bus/usb/devices/9-1', { link: '../../../devices/usb9/9-1' })
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  files = new MemoryFiles()
  plug('eth0')
  host = new LinuxHost({ files })
})
afterEach(() => vi.useRealTimers())

/** So many events, with time going on until they have come. */
async function take(watch: AsyncIterable<DeviceEvent>, count: number): Promise<string[]> {
  const reader = watch[Symbol.asyncIterator]()
  const events: string[] = []
  while (events.length < count) {
    const next = reader.next()
    await vi.advanceTimersByTimeAsync(3000)
    const { value } = await next
    if (!value) break
    events.push(`${value.kind} ${value.device.replace(/_52_54.*/, '')}${value.merged ? ' merged' : ''}`)
  }
  return events
}

/** What a look finds of a network interface. */
async function look(name: string): Promise<DeviceTrace> {
  for await (const trace of host.traces({})) if (trace.path.endsWith(`/net/${name}`)) return trace
  throw new Error(`${name} is not there`)
}

describe('watchDevices', () => {
  it('tells of devices that come and go', async () => {
    await using watch = await watchDevices(host, { hints })
    plug('eth1')
    hint({})
    expect(await take(watch, 1)).toEqual(['created net_eth1'])
    unplug('eth1')
    hint({})
    expect(await take(watch, 1)).toEqual(['deleted net_eth1'])
  })

  it('notices without a hint, too', async () => {
    await using watch = await watchDevices(host)
    plug('eth1')
    expect(await take(watch, 1)).toEqual(['created net_eth1'])
  })

  it('tells a replugged device as deleted and created', async () => {
    await using watch = await watchDevices(host, { hints })
    unplug('eth0')
    plug('eth0')
    hint({})
    expect(await take(watch, 2)).toEqual(['deleted net_eth0', 'created net_eth0'])
  })

  describe('where udevd runs', () => {
    const udev = (...names: string[]) => {
      for (const name of names) files.set(`/run/udev/${name}`, '')
    }
    const plugNumbered = (name: string, index: number) => {
      plug(name)
      files.set(`/sys/devices/virtual/net/${name}/ifindex`, `${index}\n`)
    }
    beforeEach(() => {
      udev('control', 'queue')
      files.set('/sys/devices/virtual/net/eth0/ifindex', '1\n')
    })

    it('tells of an interface when udevd is done with it, under the name that it has then', async () => {
      await using watch = await watchDevices(host, { hints })
      plugNumbered('eth1', 7)
      hint({})
      await vi.advanceTimersByTimeAsync(5000)
      unplug('eth1')
      plugNumbered('lan0', 7)
      udev('data/n7')
      plugNumbered('eth2', 8)
      hint({})
      expect(await take(watch, 1)).toEqual(['created net_lan0'])
      udev('data/n8')
      expect(await take(watch, 1)).toEqual(['created net_eth2'])
    })

    it('does not wait for one that udevd does not see, as in a network namespace', async () => {
      await using watch = await watchDevices(host, { hints })
      files.delete('/run/udev/queue')
      plugNumbered('eth1', 7)
      hint({})
      expect(await take(watch, 1)).toEqual(['created net_eth1'])
    })

    it('does not tell the name of one that udevd has renamed since it was looked at', async () => {
      plug('eth1')
      files.set('/sys/devices/virtual/net/eth1/ifindex', '7\n')
      const before = await look('eth1')
      udev('data/n7')
      expect(host.isBeingNamed(before, true)).toBe(false)
      files.set('/sys/devices/virtual/net/eth1/address', '52:54:00:00:00:02\n')
      expect(host.isBeingNamed(before, true)).toBe(true)
      files.delete('/run/udev/queue')
      expect(host.isBeingNamed(before, false)).toBe(true)
      expect(host.isBeingNamed(await look('eth1'), false)).toBe(false)
    })

    it('tells nothing of one that has gone before', async () => {
      await using watch = await watchDevices(host, { hints })
      plugNumbered('eth1', 7)
      hint({})
      await vi.advanceTimersByTimeAsync(1000)
      unplug('eth1')
      await vi.advanceTimersByTimeAsync(1000)
      plugUsb()
      hint({})
      expect(await take(watch, 1)).toEqual(['created usb_9_1'])
    })
  })

  it('tells of drivers, groups and links, which libvirt does not', async () => {
    await using watch = await watchDevices(host, { hints })
    files.set('/sys/devices/virtual/net/eth0/operstate', 'up\n')
    files.set('/sys/devices/virtual/net/eth0/driver', { link: '../../bus/x/drivers/y' })
    files.set('/sys/devices/virtual/net/eth0/iommu_group', { link: '../../kernel/iommu_groups/3' })
    hint({})
    expect((await take(watch, 3)).sort()).toEqual(['driver net_eth0', 'iommu-group net_eth0', 'link net_eth0'])
  })

  it("tells of the kernel's own word that a device changed", async () => {
    await using watch = await watchDevices(host, { hints })
    hint({ action: 'change', path: '/sys/devices/virtual/net/eth0' })
    expect(await take(watch, 1)).toEqual(['updated net_eth0'])
  })

  it('tells of definitions of mediated devices, and of a changed one as updated', async () => {
    const file = '/etc/mdevctl.d/mtty/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
    const name = 'mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_mtty'
    const definition = (start: string) => JSON.stringify({ mdev_type: 'mtty-2', start, attrs: [] })
    await using watch = await watchDevices(host, { hints })
    await using others = await watchDevices(host, { hints, capability: 'net' })
    files.set(file, definition('manual'))
    expect(await take(watch, 1)).toEqual([`defined ${name}`])
    files.set(file, definition('auto'))
    expect(await take(watch, 1)).toEqual([`updated ${name}`])
    files.delete(file)
    expect(await take(watch, 1)).toEqual([`undefined ${name}`])
    plug('eth1')
    expect(await take(others, 1)).toEqual(['created net_eth1'])
  })

  it('creates parents first and deletes them last', async () => {
    await using watch = await watchDevices(host, { hints })
    plugUsb()
    plug('usb0', `${usb}/net`)
    hint({})
    expect(await take(watch, 2)).toEqual(['created usb_9_1', 'created net_usb0'])
    unplug('usb0', `${usb}/net`)
    files.delete(usb)
    files.delete('/sys/bus/usb/devices/9-1')
    hint({})
    expect(await take(watch, 2)).toEqual(['deleted net_usb0', 'deleted usb_9_1'])
  })

  it('keeps to one kind, or one device', async () => {
    await using usb = await watchDevices(host, { capability: 'usb_device' })
    await using one = await watchDevices(host, { device: 'net_eth1_52_54_00_00_00_01' })
    plug('eth2')
    plug('eth1')
    plugUsb()
    expect([await take(one, 1), await take(usb, 1)]).toEqual([['created net_eth1'], ['created usb_9_1']])
  })

  it('does not grow for a reader that sleeps: it tells what is left of it all, marked as merged', async () => {
    await using watch = await watchDevices(host, { hints })
    for (let n = 0; n < 600; n++) plug(`a${n}`)
    hint({})
    await vi.advanceTimersByTimeAsync(3000)
    for (let n = 0; n < 600; n++) unplug(`a${n}`)
    plug('last')
    hint({})
    await vi.advanceTimersByTimeAsync(3000)
    const present = new Set<string>()
    let last = ''
    while (!last.includes('net_last')) {
      last = (await take(watch, 1))[0] ?? 'net_last'
      const [kind, device = ''] = last.split(' ')
      if (kind === 'created') present.add(device)
      else present.delete(device)
    }
    expect([last, [...present]]).toEqual(['created net_last merged', ['net_last']])
  })

  it('stops its sources when its reader leaves', async () => {
    const stop = vi.fn()
    const watch = await watchDevices(host, { hints: () => ({ stop }) })
    await watch[Symbol.asyncDispose]()
    expect(stop).toHaveBeenCalledOnce()
  })

  it('ends with the reason of an aborted signal', async () => {
    const controller = new AbortController()
    const watch = await watchDevices(host, { hints, signal: controller.signal })
    const next = watch[Symbol.asyncIterator]().next()
    controller.abort(new Error('enough'))
    await expect(next).rejects.toThrow('enough')
  })
})
