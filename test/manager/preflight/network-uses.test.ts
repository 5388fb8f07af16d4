import { describe, expect, it } from 'vitest'
import { networkUses } from '../../../src/manager/preflight/network-uses.js'
import { type MemoryFile, MemoryFiles } from '../../../src/os/host-files-memory.js'

type Files = [string, MemoryFile][]

const nic = (name: string, slot: string): Files => {
  const path = `/sys/devices/pci0000:00/0000:00:${slot}/net/${name}`
  return [
    [`${path}/ifindex`, '2\n'],
    [`/sys/class/net/${name}`, { link: path }],
  ]
}
const over = (name: string, ...lower: string[]): Files => [
  [`/sys/devices/virtual/net/${name}/ifindex`, '9\n'],
  [`/sys/class/net/${name}`, { link: `/sys/devices/virtual/net/${name}` }],
  ...lower.map((each): Files[number] => [`/sys/devices/virtual/net/${name}/lower_${each}`, { link: each }]),
]
const hosts: Files = [...nic('eth0', '03.0'), ...nic('eth1', '04.0')]

const routeHead = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
const defaultRoute = (name: string) => `${name}\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n`
/** 192.168.1.0/24, as the kernel prints it on a little-endian machine. */
const localRoute = (name: string) => `${name}\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n`
const ssh = (client: string, server: string) => `LANG=C\0SSH_CONNECTION=${client} 50000 ${server} 22\0HOME=/root\0`

const uses = (files: Files) =>
  networkUses(new MemoryFiles(files)).map(({ path, finding }) => [
    path.split('/').at(-1),
    finding.code,
    finding.message,
  ])

describe('networkUses', () => {
  it('finds the interface of the default route', () => {
    expect(uses([...hosts, ['/proc/net/route', `${routeHead}${defaultRoute('eth1')}${localRoute('eth0')}`]])).toEqual([
      ['eth1', 'default-route', "carries the host's default route (eth1)"],
    ])
  })

  it('finds that of IPv6, and passes over the route that refuses', () => {
    const zero = '0'.repeat(32)
    const route = (name: string, bits: string) =>
      `${zero} ${bits} ${zero} 00 ${zero} 00000400 1 0 00000003     ${name}\n`
    expect(
      uses([...hosts, ['/proc/net/ipv6_route', route('eth0', '00') + route('eth1', '40') + route('lo', '00')]]),
    ).toEqual([['eth0', 'default-route', "carries the host's default route (eth0)"]])
  })

  it.each([
    ['a bridge', over('br0', 'eth0'), 'br0', ['eth0']],
    ['a bond', over('bond0', 'eth0', 'eth1'), 'bond0', ['eth0', 'eth1']],
    ['a VLAN on a bond', [...over('bond0.7', 'bond0'), ...over('bond0', 'eth0', 'eth1')], 'bond0.7', ['eth0', 'eth1']],
  ])('finds what is below %s', (_what, upper, name, expected) => {
    const found = uses([...hosts, ...upper, ['/proc/net/route', `${routeHead}${defaultRoute(name)}`]])
    expect(found.map(([lowest]) => lowest)).toEqual(expected)
  })

  it('does not go round for ever', () => {
    const files: Files = [...over('a', 'b'), ...over('b', 'a'), ['/proc/net/route', `${routeHead}${defaultRoute('a')}`]]
    expect(uses(files)).toEqual([])
  })

  it('finds the interface by which the user has logged in', () => {
    const files: Files = [
      ...hosts,
      ['/proc/net/route', `${routeHead}${localRoute('eth1')}`],
      ['/proc/self/environ', ssh('10.0.0.9', '192.168.1.5')],
    ]
    expect(uses(files)).toEqual([
      ['eth1', 'ssh-session', 'carries the SSH connection of this session (192.168.1.5 on eth1)'],
    ])
  })

  it.each([
    ['2001:db8::5', '20010db8000000000000000000000005'],
    ['fe80::1:2%eth1', 'fe800000000000000000000000010002'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ])('finds it by the IPv6 address %s', (address, digits) => {
    const files: Files = [
      ...hosts,
      ['/proc/net/if_inet6', `${'0'.repeat(31)}1 01 80 10 80       lo\n${digits} 03 40 00 80     eth1\n`],
      ['/proc/self/environ', ssh('2001:db8::9', address)],
    ]
    expect(uses(files).map(([name, code]) => [name, code])).toContainEqual(['eth1', 'ssh-session'])
  })

  it('asks the processes above when sudo has dropped the variable', () => {
    const files: Files = [
      ...hosts,
      ['/proc/net/route', `${routeHead}${localRoute('eth0')}`],
      ['/proc/self/environ', 'HOME=/root\0'],
      ['/proc/self/stat', '50 (node (x) y) S 49 50 49 0 -1'],
      ['/proc/49/environ', { errno: 'EACCES' }],
      ['/proc/49/stat', '49 (sudo) S 48 49 49 0 -1'],
      ['/proc/48/environ', ssh('10.0.0.9', '::ffff:192.168.1.5')],
    ]
    expect(uses(files).map(([name, code]) => [name, code])).toEqual([['eth0', 'ssh-session']])
  })

  it('finds nothing in nonsense', () => {
    expect(
      uses([
        ['/proc/net/route', 'x\ny z\n'],
        ['/proc/net/ipv6_route', 'q\n'],
        ['/proc/self/environ', ssh('a', 'b')],
      ]),
    ).toEqual([])
  })

  it('finds addresses, but for those that every interface gives itself, on what is below', () => {
    const six = (digits: string, scope: string, name: string) => `${digits.padEnd(32, '0')} 02 40 ${scope} 80 ${name}\n`
    expect(
      uses([
        ...hosts,
        ...over('br0', 'eth0'),
        ['/proc/net/route', `${routeHead}${localRoute('br0')}`],
        ['/proc/net/fib_trie', 'Local:\n  |-- 127.0.0.1\n   /32 host LOCAL\n  |-- 192.168.1.5\n   /32 host LOCAL\n'],
        ['/proc/net/if_inet6', six('fe80', '20', 'eth1') + six('20010db8', '00', 'eth1') + six('', '10', 'lo')],
      ]).sort(),
    ).toEqual([
      ['eth0', 'addresses', "has the host's address 192.168.1.5 (br0)"],
      ['eth1', 'addresses', "has the host's address 2001:0db8:0000:0000:0000:0000:0000:0000 (eth1)"],
    ])
  })

  it('finds an address on no interface that only the default route leads to', () => {
    expect(
      uses([
        ...hosts,
        ['/proc/net/route', `${routeHead}${defaultRoute('eth0')}`],
        ['/proc/net/fib_trie', 'Local:\n  |-- 10.9.8.7\n   /32 host LOCAL\n'],
      ]).map(([, code]) => code),
    ).toEqual(['default-route'])
  })

  it.each<[string, Files[number][]]>([
    [
      'a bond',
      [
        ['upper_bond0', { link: '../bond0' }],
        ['master', { link: '../bond0' }],
      ],
    ],
    ['a bond of an old kernel', [['master', { link: '../bond0' }]]],
    ['a bridge of an old kernel', [['brport/bridge', { link: '../../bond0' }]]],
  ])('finds what is part of %s, and what is up', (_what, files) => {
    const at = '/sys/devices/pci0000:00/0000:00:03.0/net/eth0'
    expect(
      uses([
        ...hosts,
        [`${at}/flags`, '0x1003\n'],
        ...files.map(([name, file]): Files[number] => [`${at}/${name}`, file]),
      ]),
    ).toEqual([
      ['eth0', 'enslaved', 'is part of bond0 (eth0)'],
      ['eth0', 'up', 'is up (eth0)'],
    ])
  })
})
