import { describe, expect, it } from 'vitest'
import { type HostdevDef, hostdev } from '../../src/model/hostdev.js'

const pci = (inside = '', attributes = '') =>
  `<hostdev mode='subsystem' type='pci' managed='no'${attributes}>
  <source>
    <address domain='0x0000' bus='0x03' slot='0x00' function='0x1'/>
  </source>${inside && `\n  ${inside}`}
</hostdev>
`

const usb = (source: string, inside = '') => `<hostdev type='usb'><source>${source}</source>${inside}</hostdev>`

const iscsi = (secret: string, inside = '') =>
  `<hostdev type='scsi'><source protocol='iscsi' name='iqn.1992-01.com.example'><host name='a'/>
  <auth username='u'>${secret}</auth>${inside}</source></hostdev>`

const wwn = (name: string) => `<hostdev type='scsi_host'><source protocol='vhost' wwpn='${name}'/></hostdev>`
const iscsiPort = (port: string) =>
  `<hostdev type='scsi'><source protocol='iscsi' name='i'><host name='a' port='${port}'/></source></hostdev>`

describe('a hostdev', () => {
  it.each<[kind: string, def: HostdevDef, xml: string]>([
    [
      'usb by vendor and product',
      { kind: 'usb', managed: false, source: { vendor: 0x0483, product: 0x2016, startupPolicy: 'optional' } },
      `<hostdev mode='subsystem' type='usb' managed='no'>
  <source startupPolicy='optional'>
    <vendor id='0x0483'/>
    <product id='0x2016'/>
  </source>
</hostdev>
`,
    ],
    [
      'usb by address',
      {
        kind: 'usb',
        managed: false,
        source: { guestReset: 'off', address: { bus: 3, device: 5 } },
        boot: { order: 2 },
        alias: 'ua-stick',
        address: { kind: 'usb', bus: 0, port: '1.2' },
      },
      `<hostdev mode='subsystem' type='usb' managed='no'>
  <source guestReset='off'>
    <address bus='3' device='5'/>
  </source>
  <boot order='2'/>
  <alias name='ua-stick'/>
  <address type='usb' bus='0' port='1.2'/>
</hostdev>
`,
    ],
    [
      'pci',
      {
        kind: 'pci',
        managed: true,
        driver: { name: 'vfio', model: 'mlx5_vfio_pci' },
        source: { writeFiltering: false, address: { domain: 0x10000, bus: 3, slot: 0x1f, function: 7 } },
        teaming: { kind: 'transient', persistent: 'ua-net0' },
        rom: { bar: true, file: '/usr/share/vgabios.bin' },
        acpi: { index: 7 },
        address: { kind: 'pci', domain: 0, bus: 0, slot: 4, function: 0, multifunction: true },
      },
      `<hostdev mode='subsystem' type='pci' managed='yes'>
  <driver name='vfio' model='mlx5_vfio_pci'/>
  <source writeFiltering='no'>
    <address domain='0x10000' bus='0x03' slot='0x1f' function='0x7'/>
  </source>
  <teaming type='transient' persistent='ua-net0'/>
  <rom bar='on' file='/usr/share/vgabios.bin'/>
  <acpi index='7'/>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0' multifunction='on'/>
</hostdev>
`,
    ],
    [
      'a logical unit of a SCSI host',
      {
        kind: 'scsi',
        managed: false,
        sgio: 'filtered',
        rawio: true,
        source: {
          kind: 'adapter',
          adapter: 'scsi_host5',
          address: { bus: 0, target: 1, unit: '18446744073709551615' },
        },
        readonly: true,
        shareable: true,
        address: { kind: 'drive', controller: 0, bus: 0, target: 0, unit: 3 },
      },
      `<hostdev mode='subsystem' type='scsi' managed='no' sgio='filtered' rawio='yes'>
  <source>
    <adapter name='scsi_host5'/>
    <address bus='0' target='1' unit='18446744073709551615'/>
  </source>
  <readonly/>
  <shareable/>
  <address type='drive' controller='0' bus='0' target='0' unit='3'/>
</hostdev>
`,
    ],
    [
      'a logical unit of an iSCSI target',
      {
        kind: 'scsi',
        managed: false,
        source: {
          kind: 'iscsi',
          name: 'iqn.2013-07.org.example:target/1',
          hosts: [{ name: 'fd00::1', port: 3260 }],
          auth: { username: 'guest', secret: { type: 'iscsi', usage: 'target' } },
          initiator: 'iqn.2020-07.org.example:guest',
        },
      },
      `<hostdev mode='subsystem' type='scsi' managed='no'>
  <source protocol='iscsi' name='iqn.2013-07.org.example:target/1'>
    <host name='fd00::1' port='3260'/>
    <auth username='guest'>
      <secret type='iscsi' usage='target'/>
    </auth>
    <initiator>
      <iqn name='iqn.2020-07.org.example:guest'/>
    </initiator>
  </source>
</hostdev>
`,
    ],
    [
      'a vhost-scsi target',
      {
        kind: 'scsi_host',
        managed: false,
        model: 'virtio-transitional',
        source: { protocol: 'vhost', wwpn: 'naa.5123456789abcde0' },
        address: { kind: 'ccw', cssid: 0xfe, ssid: 0, devno: 0x1a },
      },
      `<hostdev mode='subsystem' type='scsi_host' managed='no' model='virtio-transitional'>
  <source protocol='vhost' wwpn='naa.5123456789abcde0'/>
  <address type='ccw' cssid='0xfe' ssid='0x0' devno='0x001a'/>
</hostdev>
`,
    ],
    [
      'a mediated device',
      {
        kind: 'mdev',
        managed: false,
        model: 'vfio-pci',
        display: true,
        ramfb: false,
        source: { uuid: 'c2177883-f1bb-47f0-914d-32a22e3a8804' },
      },
      `<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci' display='on' ramfb='off'>
  <source>
    <address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/>
  </source>
</hostdev>
`,
    ],
    [
      'a block device of a container',
      { kind: 'storage', source: { block: '/dev/sdf1' } },
      `<hostdev mode='capabilities' type='storage'>
  <source>
    <block>/dev/sdf1</block>
  </source>
</hostdev>
`,
    ],
    [
      'a character device of a container',
      { kind: 'misc', source: { char: '/dev/input/event3' } },
      `<hostdev mode='capabilities' type='misc'>
  <source>
    <char>/dev/input/event3</char>
  </source>
</hostdev>
`,
    ],
    [
      'a network interface of a container',
      {
        kind: 'net',
        source: { interface: 'eth0' },
        ips: [{ address: '192.168.122.2', family: 'ipv4', prefix: 24 }],
        routes: [{ family: 'ipv6', address: 'fd00::', prefix: 64, gateway: 'fe80::1', metric: 3 }],
      },
      `<hostdev mode='capabilities' type='net'>
  <source>
    <interface>eth0</interface>
  </source>
  <ip address='192.168.122.2' family='ipv4' prefix='24'/>
  <route family='ipv6' address='fd00::' prefix='64' gateway='fe80::1' metric='3'/>
</hostdev>
`,
    ],
  ])('that is %s is written as libvirt writes it, and read back', (_, def, xml) => {
    expect(hostdev.format(def)).toBe(xml)
    expect(hostdev.parse(xml)).toEqual(def)
    expect(hostdev.validate(xml)).toEqual([])
  })

  it('keeps a kind that this version does not know', () => {
    const xml = `<hostdev mode='subsystem' type='cxl' managed='yes' model='x'>\n  <source name='mem0'/>\n</hostdev>\n`
    expect(hostdev.format(hostdev.parse(xml))).toBe(xml)
    expect(() => hostdev.parse(xml, { strict: true })).toThrow("/hostdev[@type='cxl']/@type is 'cxl', which is none of")
  })

  it('counts numbers as C does: hexadecimal after 0x, octal after 0', () => {
    const xml = `<hostdev type='usb'><source><vendor id='010'/><product id='0x10'/><address bus=' +8' device='8'/></source></hostdev>`
    expect(hostdev.parse(xml)).toMatchObject({ source: { vendor: 8, product: 16, address: { bus: 8, device: 8 } } })
  })

  it.each([
    [
      'a vendor without product',
      `<hostdev type='usb'><source><vendor id='1'/></source></hostdev>`,
      'a vendor without its',
    ],
    ['vendor 0', `<hostdev type='usb'><source><vendor id='0'/><product id='1'/></source></hostdev>`, 'vendor 0'],
    ['a misplaced model', `<hostdev type='usb' model='x'><source/></hostdev>`, 'has model, which is only for'],
    ['no source', `<hostdev type='pci'/>`, "/hostdev[@type='pci']/source is missing"],
    ['a number that is none', pci(`<boot order='0x2'/>`), '/boot/@order is'],
    ['a slot that no bus has', pci().replace("slot='0x00'", "slot='0x20'"), '/@slot is '],
    [
      'the wrong guest address',
      pci(`<address type='drive'/>`),
      "an address of type 'drive', but such a device sits at",
    ],
    ['a tuned ROM that is off', pci(`<rom enabled='no' bar='on'/>`), 'is disabled and tuned at once'],
    [
      'two portals',
      `<hostdev type='scsi'><source protocol='iscsi' name='i'><host name='a'/><host name='b'/></source></hostdev>`,
      'has 2 hosts',
    ],
    ['a mode that no kind has', `<hostdev mode='capabilities' type='usb'><source/></hostdev>`, "is 'capabilities/usb'"],
  ])('that has %s is refused with its path', (_, xml, message) => {
    expect(() => hostdev.parse(xml, { strict: true })).toThrow(message)
  })

  // each as libvirt 9.0 refuses it when a domain is defined
  it.each([
    ['a teaming of no PCI device', usb('').replace('</hostdev>', `<teaming type='persistent'/></hostdev>`), 'teaming'],
    ['a source that is multifunction or not', pci().replace("bus='0x03'", "multifunction='x'"), "is 'x'"],
    ['a WWN that begins in capitals', wwn('NAA.5123456789abcdef'), 'is not'],
    ['a port of no digits', iscsiPort(''), "is ''"],
    ['a port below none', iscsiPort('-0'), "is '-0'"],
  ])('that has %s is refused in compat', (_, xml, message) => {
    expect(() => hostdev.parse(xml, { compat: true })).toThrow(message)
  })

  it('forgets what libvirt forgets only when it reads as libvirt does', () => {
    const xml = pci(`<alias name='hostdev0'/>`)
    expect(hostdev.parse(xml)).toMatchObject({ alias: 'hostdev0' })
    expect(hostdev.parse(xml, { compat: true })).not.toHaveProperty('alias')
  })
})

describe('the schema of a hostdev', () => {
  it.each([
    ['elements of a group that stand apart', pci(`<boot order='1'/><driver name='vfio'/>`), ['stands apart from']],
    ['octal digits that pass for decimal ones', pci().replace("bus='0x03'", "bus='0400'"), ["is '0400'"]],
    ['what came after libvirt 11.3', pci(`<driver iommufd='yes'/>`), ['is known to libvirt only from 12.1 on']],
    ['strangers', pci('<x/>', " y='1'"), ['is not an attribute', 'is not in the schema here']],
    ['a product without its vendor', usb(`<product id='0x1'/>`), ['holds one of vendor and product']],
    ['a bus without device', usb(`<address bus='1'/>`), ['is missing']],
    ['a port without bus', usb(`<address bus='1' device='2'/>`, `<address type='usb' port='3'/>`), ['is missing']],
    ['half an address of a channel', pci(`<address type='ccw' devno='0x1'/>`), ['has only some of cssid, ssid']],
    [
      'an iSCSI user without a name',
      iscsi(`<secret type='iscsi' usage='x'/>`).replace("username='u'", "username=''"),
      ["is '', which is not a name"],
    ],
    ['a secret that is not named', iscsi(`<secret type='iscsi'/>`), ['names its secret by neither']],
    ['a flag of storage that says more', pci('<readonly>x</readonly>'), ['holds stray text']],
    ['an initiator without its name', iscsi('', '<initiator/>'), ['is missing', 'is missing']],
  ])('refuses %s', (_, xml, problems) => {
    expect(hostdev.validate(xml).map(({ problem }) => problem)).toEqual(
      problems.map((text) => expect.stringContaining(text)),
    )
  })

  // each as xmllint accepts it with domain.rng of libvirt 9.0 and 11.3
  it.each([
    ['a source that says whether it is multifunction', pci().replace("bus='0x03'", "bus='0x03' multifunction='on'")],
    ['a policy of a PCI source', pci().replace('<source>', `<source startupPolicy='optional'>`)],
    ['a slot of memory', pci(`<address type='dimm'/>`)],
    [
      'an initiator of an empty name',
      iscsi(`<secret type='ceph' usage='u'/>`, `<initiator><iqn name=''/></initiator>`),
    ],
    [
      'an adapter with its type',
      `<hostdev type='scsi'><source><adapter type='scsi_host' name=''/><address bus='0' target='0' unit='0'/></source>
      </hostdev>`,
    ],
  ])('admits %s', (_, xml) => {
    expect(hostdev.validate(xml)).toEqual([])
  })

  it('takes blanks around a word for nothing, as RELAX NG does', () => {
    const xml = pci().replace("type='pci' managed='no'", "type=' pci' managed='no '")
    expect(hostdev.validate(xml)).toEqual([])
  })

  it('that has port 0 is read as having none, and a def with it is not written', () => {
    const defWith = (...hosts: { name: string; port?: number }[]): HostdevDef => ({
      kind: 'scsi',
      managed: false,
      source: { kind: 'iscsi', name: 'i', hosts },
    })
    expect(hostdev.parse(iscsiPort('0'))).toEqual(defWith({ name: 'a' }))
    expect(() => hostdev.format(defWith({ name: 'a', port: 0 }))).toThrow('a port from 1 to 65535')
  })
})
