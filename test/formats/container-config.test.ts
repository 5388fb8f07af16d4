import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { ContainerConfig } from '../../src/formats/container-config.js'
import type { HostdevDef } from '../../src/model/hostdev.js'
import { toPciAddress } from '../../src/model/pci-address.js'
import { needs } from '../needs.js'
import { shared } from '../shared.js'

const net = (name: string): HostdevDef => ({ kind: 'net', source: { interface: name } })

const realistic = `# /etc/vz/conf/101.conf, made by hand
ONBOOT="yes"

# UBC parameters (in form of barrier:limit)
KMEMSIZE="14372700:14790164"
	VE_ROOT="/vz/root/$VEID"   # the usual place
NETIF="ifname=eth0,mac=00:18:51:A0:B1:C2,host_ifname=veth101.0;ifname=eth1"
NETDEV="eth1 eth2"  # given by ops, 2026-03
DEVNODES="sda1:rw ttyS0:rwq "
PCI="0000:01:00.0"
FEATURES=nfs:on
export LANG=C
`

describe('ContainerConfig', () => {
  it('reads the host devices of a container', () => {
    expect(new ContainerConfig(realistic).hostdevs()).toEqual([
      net('eth1'),
      net('eth2'),
      { kind: 'storage', source: { block: '/dev/sda1' } },
      { kind: 'misc', source: { char: '/dev/ttyS0' } },
      { kind: 'pci', managed: false, source: { address: toPciAddress('01:00.0') } },
    ])
  })

  it('changes one line and keeps the rest byte for byte, its comment too', () => {
    const config = new ContainerConfig(realistic)
    config.add(net('eth3'))
    expect(config.toString()).toBe(realistic.replace('"eth1 eth2"', '"eth1 eth2 eth3"'))
    config.remove(net('eth3'))
    expect(config.toString()).toBe(realistic)
  })

  it('changes nothing when the device is there already', () => {
    const config = new ContainerConfig(realistic)
    config.add(net('eth2'))
    expect(config.toString()).toBe(realistic)
  })

  it('adds a setting that is not there, also to a file without a final line break', () => {
    const config = new ContainerConfig('HOSTNAME="a"')
    config.add(net('eth1'))
    expect(config.toString()).toBe('HOSTNAME="a"\nNETDEV="eth1"\n')
  })

  it('leaves an empty list where the last device was taken from', () => {
    const config = new ContainerConfig('NETDEV="eth1"\n')
    config.remove(net('eth1'))
    expect(config.toString()).toBe('NETDEV=""\n')
  })

  it('takes a device from whichever line of a key has it', () => {
    const config = new ContainerConfig('NETDEV="eth1"\n  NETDEV="eth2"\n')
    config.remove(net('eth2'))
    expect(config.hostdevs()).toEqual([net('eth1')])
  })

  it('keeps carriage returns', () => {
    const config = new ContainerConfig('ONBOOT="no"\r\nNETDEV="eth1"\r\n')
    config.add(net('eth2'))
    expect(config.toString()).toBe('ONBOOT="no"\r\nNETDEV="eth1 eth2"\r\n')
  })

  it('says what is missing, and refuses what OpenVZ cannot say', () => {
    const config = new ContainerConfig(realistic)
    expect(() => config.remove(net('eth9'))).toThrow(expect.objectContaining({ code: 'device-missing' }))
    expect(() => config.add({ kind: 'usb', source: { vendor: 1, product: 2 } })).toThrow(
      expect.objectContaining({ code: 'config-unsupported' }),
    )
  })

  it('refuses to write a line that a shell could not read', () => {
    expect(() => new ContainerConfig('NETDEV="eth1\n').add(net('eth2'))).toThrow(/mend the line by hand/)
  })

  it('lets no name change what the file means', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const config = new ContainerConfig(realistic)
        try {
          config.add(net(name))
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

/** Where our editor does otherwise than a vzctl did, and why. */
const otherwise: Readonly<Record<string, string>> = {
  '67-conf-reserved-in-file': 'vzctl drops what stands behind a name that it does not like',
  'z7-51-conf-reserved': 'vzctl refuses every change of a file that has a name that it does not like',
  'z7-17-meta': 'a name that a shell would run is refused',
  'z7-18-dquote': 'a name with a quote is refused',
  'z7-19-newline': 'a name with a line break is refused, which would be a line of its own',
  'z7-22-hash': 'a name that begins a comment is refused',
  'z7-24-long70000': 'a name that no interface has is refused',
  'z7-46-conf-unmatched': 'a line that a shell cannot read is refused',
  'z7-48-conf-esc': 'a line with a name that no interface has is refused',
  'z7-55-del-dup-lines': 'vzctl empties every line of a key; here what is left is on one',
  '12-add-and-del-same': 'two changes in one call; here they are two calls',
  '13-del-then-add-same': 'two changes in one call; here they are two calls',
  'z7-12-add-del-same': 'two changes in one call; here they are two calls',
  '52-conf-trailing-comment': 'vzctl writes the name into the comment',
  '54-conf-unquoted-comment': 'vzctl takes the comment for a name',
  '56-conf-leading-space': 'vzctl loses the indent or adds a second line',
  '58-conf-unmatched-quote': 'vzctl skips the line and adds another',
  '59-conf-continuation': 'a backslash at the end of a line continues nothing for vzctl, but does for the shell',
  '17-shell-meta': 'a name that a shell would run is refused',
  '20-backslash': 'a name that a shell would change is refused',
  '21-dollar-backtick': 'a name that a shell would run is refused',
  '23-long-600': 'a name that no interface has is refused',
  '24-long-20000': 'a name that no interface has is refused',
  '30-dash-value': 'a name that is an option is refused',
  '79-comma-in-conf': 'a comma parts names, as vzctl 9 and the scripts around vzctl 4 have it',
}

interface Transcript {
  name: string
  argv: string[]
  exit: number
  before: string
  after: string | undefined
}

function transcripts(): Transcript[] {
  const folder = shared && join(shared, 'openvz/transcripts')
  if (folder === undefined || !existsSync(folder)) return []
  return readdirSync(folder).flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const list = /^argv: \[(.*)\]$/m.exec(text)?.[1]
    const before = /^--- config before\n([\s\S]*?)^--- config after/m.exec(text)?.[1]
    const after = /^--- config after(?: \(unchanged\))?\n([\s\S]*)$/m.exec(text)?.[1]
    if (list === undefined || before === undefined || before.startsWith('(no file)')) return []
    const argv = [...list.matchAll(/'((?:[^'\\]|\\.)*)'/g)].map(([, word = '']) => word)
    const unchanged = /^--- config after \(unchanged\)/m.test(text)
    const exit = Number(/^exit: (\d+)/m.exec(text)?.[1])
    return [{ name: file.replace(/\.txt$/, ''), argv, exit, before, after: unchanged ? before : after }]
  })
}

/** Runs of `vzctl set … --netdev_add NAME --save` and `--netdev_del`, one change each. */
const changes = transcripts().flatMap((run) => {
  const [, set, , option = '', name, save] = run.argv
  const verb = /^--netdev[_-](add|del)$/.exec(option)?.[1]
  return set === 'set' && verb !== undefined && name !== undefined && save === '--save' && run.argv.length === 6
    ? [{ ...run, verb, interfaceName: name }]
    : []
})

describe('what vzctl did', () => {
  needs('the recorded runs of vzctl are not beside the project', changes.length > 0).it(
    'is what our editor does, but for the written exceptions',
    () => {
      const different = changes.flatMap(({ name, verb, interfaceName, exit, before, after }) => {
        const config = new ContainerConfig(before)
        try {
          if (verb === 'add') config.add(net(interfaceName))
          else config.remove(net(interfaceName))
        } catch (error) {
          if (!VirtError.is(error)) throw error
          return exit === 0 && after !== before ? [name] : []
        }
        const same = config.toString().trimEnd() === after?.trimEnd()
        return same && exit === 0 ? [] : [name]
      })
      expect(changes.length).toBeGreaterThan(5)
      expect(different.filter((name) => !Object.hasOwn(otherwise, name))).toEqual([])
    },
  )
})
