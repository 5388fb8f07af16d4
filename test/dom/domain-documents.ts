/** Elements of every kind, for use where the corpora are absent. */
export const ownDocuments: readonly string[] = [
  `<hostdev mode='subsystem' type='pci' managed='yes'>
  <driver name='vfio'/>
  <source>
    <address domain='0x0000' bus='0x03' slot='0x00' function='0x1'/>
  </source>
  <alias name='ua-gpu'/>
  <rom bar='on' file='/a &amp; b/&apos;c&apos;.rom'/>
</hostdev>`,
  `<hostdev mode='subsystem' type='usb'><source startupPolicy='optional'><vendor id='0x0483'/><!-- a stick -->
<product id='0x2016'/></source></hostdev>`,
  `<hostdev mode='subsystem' type='scsi' rawio='yes'>
  <source><adapter name='scsi_host5'/><address bus='0' target='1' unit='18446744073709551615'/></source>
  <readonly/>
</hostdev>`,
  `<hostdev mode='subsystem' type='mdev' model='vfio-pci'>
  <source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source>
</hostdev>`,
  `<hostdev mode='capabilities' type='net'><source><interface>et<![CDATA[h]]>0</interface></source></hostdev>`,
  `<hostdev mode='subsystem' type='quantum' xmlns:q='urn:q'><source q:state='up'>a&#10;<q:bit/>b</source></hostdev>`,
  `<hostdev mode='bus' bus='usb'><source><address bus='003' dev='005'/></source></hostdev>`,
  `<interface type='hostdev' managed='yes'>
  <mac address='52:54:00:6d:90:02'/>
  <source><address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x2'/></source>
  <vlan><tag id='42'/></vlan>
</interface>`,
  `<device>
  <name>pci_0000_03_00_0</name>
  <parent>computer</parent>
  <capability type='pci'>
    <class>0x020000</class>
    <domain>0</domain><bus>3</bus><slot>0</slot><function>0</function>
    <product id='0x10c9'>82576 &lt;Gigabit&gt;</product><vendor id='0x8086'>Intel</vendor>
    <iommuGroup number='3'><address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></iommuGroup>
  </capability>
</device>`,
]

/** What stands around the host devices, as different hands write it; `%` is where devices go. */
const templates: readonly string[] = [
  `<domain type='kvm' id='1'>
  <name>guest</name>
  <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
  <metadata>
    <app:note xmlns:app='http://example.org/app/1.0' app:by='us'>keep &lt;this&gt; &apos;as is&apos;</app:note>
  </metadata>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <source file='/a &amp; b.img'/>
      <alias name='virtio-disk0'/>
    </disk>
    %
    <memballoon model='virtio'/>
  </devices>
</domain>
`,
  `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand; do not lose this -->
<?xml-stylesheet href="domain.xsl"?>
<domain type="kvm" xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">
\t<name>guest</name>
\t<!-- the devices of this guest -->
\t<devices>
\t\t<!-- before -->
\t\t%
\t\t<!-- behind -->
\t</devices>
\t<qemu:commandline>
\t\t<qemu:arg value="-device"/>
\t\t<qemu:arg value="{&quot;driver&quot;:&quot;x&quot;,&#10;&quot;a&quot;:'b'}"/>
\t\t<qemu:env name="A" value="&#9;1  2"/>
\t</qemu:commandline>
</domain>
<!-- the end -->
`,
  `<domain type='xen'><name>guest</name><devices>%<console type='pty'/></devices></domain>`,
  `<domain type='kvm'>
    <description><![CDATA[a <b> & ]]>]]&gt;<![CDATA[c]]></description>
    <devices>

        %

        <hostdev mode='subsystem' type='pci' managed='no'> <!-- the GPU -->
            <source>
                <address domain='0x0000' bus='0x09' slot='0x00' function='0x0'/>
            </source>
        </hostdev> <!-- GPU ends -->
        <interface type='bridge'><source bridge='br0'/></interface>

    </devices>
</domain>`,
  `<domain type='lxc'>\r\n  <name>guest</name>\r\n  <devices>\r\n    %\r\n  </devices>\r\n</domain>\r\n`,
]

/** Two hundred domains, each with one of the elements as its device. */
export function domainDocuments(elements: readonly string[]): string[] {
  const bare = elements.map((xml) => xml.replace(/^(\s*<[?!][^>]*>)*\s*/, '').trim())
  const devices = bare.filter((xml) => /^<(hostdev|interface)\b/.test(xml))
  return Array.from({ length: 200 }, (_, i) => {
    const device = devices[Math.floor((i * devices.length) / 200)] ?? ''
    const template = templates[i % templates.length] ?? ''
    const indent = /\n([ \t]*)%/.exec(template)?.[1] ?? ''
    return template.replace('%', () => device.replaceAll('\n', `\n${indent}`))
  })
}
