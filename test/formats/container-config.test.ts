import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { ContainerConfig } from '../../src/formats/container-config.js'
import { configWord, containerHostdevs, wordInConfig } from '../../src/formats/container-hostdevs.js'
import type { HostdevDef } from '../../src/model/hostdev.js'
import { toPciAddress } from '../../src/model/pci-address.js'

const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

const realistic = `# /etc/vz/conf/101.conf, made by hand
ONBOOT="yes"

# UBC parameters (in form of barrier:limit)
KMEMSIZE="14372700:14790164"
	VE_ROOT="/vz/root/$VEID"   # the usual place
NETIF="ifname=eth0,mac=00:18:51:A0:B1:C2,host_ifname=veth101.0;ifname=eth1"
NETDEV="eth1 eth2"  # given by ops, 2026-03
DEVNODES="sda1:rw ttyS0:rwq "
DEVICES="b:8:16:r c:10:229:rw c:136:all:rw "
PCI="0000:01:00.0"
FEATURES=nfs:on
export LANG=C
`

describe('ContainerConfig', () => {
  it('reads the host devices of a container', () => {
    expect(containerHostdevs(new ContainerConfig(realistic))).toEqual([
      net('eth1'),
      net('eth2'),
      net('veth101.0'),
      { kind: 'storage', source: { block: '/dev/sda1' } },
      { kind: 'misc', source: { char: '/dev/ttyS0' } },
      { kind: 'storage', source: { block: '/dev/block/8:16' } },
      { kind: 'misc', source: { char: '/dev/char/10:229' } },
      { kind: 'pci', managed: false, source: { address: toPciAddress('01:00.0') } },
    ])
  })

  it('changes one line and keeps the rest byte for byte, its comment too', () => {
    const config = new ContainerConfig(realistic)
    config.put(configWord(net('eth3')))
    expect(config.toString()).toBe(realistic.replace('"eth1 eth2"', '"eth1 eth2 eth3"'))
    config.drop(configWord(net('eth3')))
    expect(config.toString()).toBe(realistic)
  })

  it('changes nothing when the device is there already', () => {
    const config = new ContainerConfig(realistic)
    config.put(configWord(net('eth2')))
    expect(config.toString()).toBe(realistic)
  })

  it('adds a setting that is not there, also to a file without a final line break', () => {
    const config = new ContainerConfig('HOSTNAME="a"')
    config.put(configWord(net('eth1')))
    expect(config.toString()).toBe('HOSTNAME="a"\nNETDEV="eth1"\n')
  })

  it('leaves an empty list where the last device was taken from', () => {
    const config = new ContainerConfig('NETDEV="eth1"\n')
    config.drop(configWord(net('eth1')))
    expect(config.toString()).toBe('NETDEV=""\n')
  })

  it('takes a device from whichever line of a key has it', () => {
    const config = new ContainerConfig('NETDEV="eth1"\n  NETDEV="eth2"\n')
    config.drop(configWord(net('eth2')))
    expect(containerHostdevs(config)).toEqual([net('eth1')])
  })

  it('gives a device node by its name, or by its numbers, and keeps the rights that it has', () => {
    const config = new ContainerConfig('DEVNODES="ttyS0:r "\nDEVICES="c:10:229:none "\n')
    for (const char of ['/dev/ttyS0', '/dev/net/tun', '/dev/char/10:229'])
      config.put(configWord({ kind: 'misc', source: { char } }))
    expect(config.toString()).toBe('DEVNODES="ttyS0:r net/tun:rw "\nDEVICES="c:10:229:rw "\n')
    config.drop(configWord({ kind: 'misc', source: { char: '/dev/ttyS0' } }))
    expect(config.toString()).toBe('DEVNODES="net/tun:rw "\nDEVICES="c:10:229:rw "\n')
  })

  it('takes away the pair of interfaces that OpenVZ made, by the end on the host', () => {
    const config = new ContainerConfig(realistic)
    const word = wordInConfig(config, net('veth101.0'))
    expect(word?.key).toBe('NETIF')
    if (word) config.drop(word)
    expect(config.toString()).toBe(realistic.replace(/NETIF=.*/, 'NETIF="ifname=eth1"'))
  })

  it('keeps carriage returns', () => {
    const config = new ContainerConfig('ONBOOT="no"\r\nNETDEV="eth1"\r\n')
    config.put(configWord(net('eth2')))
    config.put({ key: 'PCI', word: '0000:01:00.0' })
    expect(config.toString()).toBe('ONBOOT="no"\r\nNETDEV="eth1 eth2"\r\nPCI="0000:01:00.0"\r\n')
  })

  it('has no word for what is not there, nor for what OpenVZ cannot say', () => {
    expect(wordInConfig(new ContainerConfig(realistic), net('eth9'))).toBeUndefined()
    expect(() => configWord({ kind: 'usb', source: { vendor: 1, product: 2 } })).toThrow(
      expect.objectContaining({ code: 'config-unsupported' }),
    )
  })

  it('refuses to write a line that a shell could not read', () => {
    expect(() => new ContainerConfig('NETDEV="eth1\n').put(configWord(net('eth2')))).toThrow(/mend the line by hand/)
  })

  it('lets no name change what the file means', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const config = new ContainerConfig(realistic)
        try {
          config.put(configWord(net(name)))
        } catch (error) {
          expect(VirtError.is(error, 'invalid-argument')).toBe(true)
          expect(config.toString()).toBe(realistic)
          return
        }
        expect(name).toMatch(/^[A-Za-z0-9._-]{1,15}$/)
        expect(config.toString().split('\n')).toHaveLength(realistic.split('\n').length)
      }),
    )
  })
})
