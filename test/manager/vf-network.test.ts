import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LinuxHost } from '../../src/host/linux-host.js'
import { Book } from '../../src/manager/book.js'
import { detach } from '../../src/manager/detach.js'
import { giftOf } from '../../src/manager/gift.js'
import { give } from '../../src/manager/give.js'
import type { DeviceUser } from '../../src/manager/guests.js'
import { readPciFunction } from '../../src/manager/pci-function.js'
import { reattach } from '../../src/manager/reattach.js'
import { take } from '../../src/manager/take.js'
import { virtualDeviceCalls } from '../../src/manager/virtual/calls.js'
import type { VfConfig } from '../../src/model/vf-config.js'
import { virtualTree } from '../data/virtual-tree.js'
import { FakeHost } from '../fakes/managed-host.js'

const vf = 'pci_0000_06_10_1'
const wanted = { mac: '52:54:00:6D:90:02', vlan: 42, trust: true }
const user: DeviceUser = { driver: 'QEMU', domain: 'web', hostdev: { kind: 'pci', managed: true, source: pciSource() } }
function pciSource() {
  return { address: { domain: 0, bus: 6, slot: 16, function: 1 } }
}

let host: FakeHost
beforeEach(async () => {
  host = new FakeHost(virtualTree)
  const linux = new LinuxHost({ files: host.files })
  await virtualDeviceCalls(linux, host.managed).setVirtualFunctions('pci_0000_06_00_0', 2, {})
  await ip('vf', '1', 'mac', '52:54:00:00:00:01', 'vlan', '7', 'qos', '3', 'proto', '802.1ad')
  host.kernel.log.length = 0
})
afterEach(() => host[Symbol.dispose]())

const ip = async (...words: readonly string[]) => await host.kernel.run(['ip', 'link', 'set', 'dev', 'lan6', ...words])
/** What the card says of the function. */
async function said(): Promise<unknown> {
  const { stdout } = await host.kernel.run(['ip', '-json', 'link', 'show', 'dev', 'lan6'])
  const { address, vlan_list, spoofchk, trust } = JSON.parse(stdout)[0].vfinfo_list[1]
  return { address, ...vlan_list[0], spoofchk, trust }
}
const before = { address: '52:54:00:00:00:01', vlan: 7, qos: 3, protocol: '802.1ad', spoofchk: true, trust: false }
const after = { address: '52:54:00:6d:90:02', vlan: 42, spoofchk: true, trust: true }

const takeIt = async (network?: VfConfig) => detach(host.managed, await host.def(vf), network ? { network } : {})
const giveBack = async () => reattach(host.managed, await host.def(vf), {})
const recorded = () => host.managed.state.names().filter((name) => !name.startsWith('lock-'))

describe('a virtual function of a network card', () => {
  it('has the hardware address and the VLAN that it is detached with, until it is reattached', async () => {
    const steps = await takeIt(wanted)
    const set = 'ip link set dev lan6 vf 1 mac 52:54:00:6d:90:02 vlan 42 trust on'
    expect(steps.map((step) => ('run' in step ? step.run.join(' ') : '')).at(-1)).toBe(set)
    expect([host.drivers()['0000:06:10.1'], await said()]).toEqual(['vfio-pci vfio-pci', after])
    host.kernel.log.length = 0
    await giveBack()
    expect([host.drivers()['0000:06:10.1'], await said(), recorded()]).toEqual(['igbvf', before, []])
    // the driver reads the address when it gets the function
    const order = host.kernel.log.filter((line) => /mac|drivers_probe/.test(line)).map((line) => line.split(' ')[0])
    expect(order).toEqual(['ip', '0000:06:10.1'])
  })

  it('has back what it had when somebody else has changed it in between', async () => {
    await takeIt()
    await ip('vf', '1', 'mac', '52:54:00:00:00:99', 'vlan', '0')
    await giveBack()
    expect(await said()).toEqual(before)
  })

  it('is not told what it has already', async () => {
    await takeIt()
    await giveBack()
    expect(host.kernel.log.filter((line) => line.startsWith('ip link set'))).toEqual([])
  })

  it('has what it was detached with in a second detach, and back what it had before the first', async () => {
    await takeIt()
    await takeIt({ vlan: 42 })
    expect(await said()).toEqual({ address: before.address, vlan: 42, spoofchk: true, trust: false })
    await giveBack()
    expect([host.drivers()['0000:06:10.1'], await said(), recorded()]).toEqual(['igbvf', before, []])
  })

  it('has no address again where its driver takes six zeros, and else one that says so', async () => {
    await ip('vf', '1', 'mac', '00:00:00:00:00:00')
    for (const [strict, address] of [
      [false, '00:00:00:00:00:00'],
      [true, '02:00:00:00:00:00'],
    ] as const) {
      host.kernel.strict = strict
      await takeIt(wanted)
      await giveBack()
      expect(await said()).toEqual({ ...before, address })
    }
  })

  it('is as it was when its driver cannot be taken away after all, or the address is refused', async () => {
    host.kernel.unwilling.add('vfio-pci')
    await expect(takeIt(wanted)).rejects.toMatchObject({ code: 'operation-failed' })
    expect([host.drivers()['0000:06:10.1'], await said()]).toEqual(['igbvf', before])
    host.kernel.unwilling.clear()
    host.kernel.strict = true
    await expect(takeIt({ mac: '00:00:00:00:00:00', vlan: 5000 })).rejects.toMatchObject({ code: 'invalid-argument' })
    expect([host.drivers()['0000:06:10.1'], await said(), recorded()]).toEqual(['igbvf', before, []])
  })

  it('given to a guest has its address there, and the former one when it is taken back', async () => {
    const managed = { ...host.managed, guests: { has: async () => true, give: async () => {}, take: async () => {} } }
    const gift = giftOf(host.files, await host.def(vf))
    await give(managed, gift, user, { managed: true, network: wanted })
    expect(await said()).toEqual(after)
    const guests = { ...managed.guests, has: async () => false }
    const record = await new Book(managed).get(readPciFunction(host.files, '0000:06:10.1'))
    if (!record) throw new Error('the book has no record')
    await take({ ...managed, guests }, record, user)
    expect([host.drivers()['0000:06:10.1'], await said(), recorded()]).toEqual(['igbvf', before, []])
  })
})

describe('what can have no address set', () => {
  it.each([
    ['a NIC that is no virtual function', 'pci_0000_02_00_0', 'it is no virtual function of a network card'],
    ['a virtual function of a disk', 'pci_0000_05_00_1', 'it is no virtual function of a network card'],
  ])('is %s', async (_what, name, reason) => {
    const call = detach(host.managed, await host.def(name), { network: wanted })
    await expect(call).rejects.toMatchObject({
      code: 'operation-unsupported',
      message: expect.stringContaining(reason),
    })
  })

  it('is a function of whose addresses ip tells nothing; it is detached without', async () => {
    const silent = {
      ...host.managed,
      run: async (argv: readonly string[]) =>
        argv[0] === 'ip' ? { stdout: '[{"ifname":"lan6"}]', stderr: '' } : await host.managed.run(argv),
    }
    await expect(detach(silent, await host.def(vf), { network: wanted })).rejects.toMatchObject({
      code: 'operation-unsupported',
    })
    await detach(silent, await host.def(vf), {})
    expect(host.drivers()['0000:06:10.1']).toBe('vfio-pci vfio-pci')
  })

  it('is a USB device', async () => {
    const call = detach(host.managed, await host.def('usb_1_1'), { network: wanted })
    await expect(call).rejects.toMatchObject({ code: 'argument-unsupported' })
  })
})
