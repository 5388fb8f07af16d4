/** A small host of our own making: one device of each of the first kinds. */
export const smallHost: readonly string[] = [
  `<device>
  <name>computer</name>
  <capability type='system'>
    <product>Lab Bench</product>
    <hardware>
      <vendor>ACME</vendor>
      <uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>
    </hardware>
    <firmware>
      <vendor>ACME</vendor>
      <release_date>04/01/2026</release_date>
    </firmware>
  </capability>
</device>
`,
  `<device>
  <name>pci_0000_00_1f_2</name>
  <path>/sys/devices/pci0000:00/0000:00:1f.2</path>
  <parent>computer</parent>
  <driver>
    <name>ahci</name>
  </driver>
  <capability type='pci'>
    <class>0x010601</class>
    <domain>0</domain>
    <bus>0</bus>
    <slot>31</slot>
    <function>2</function>
    <product id='0x2922'>SATA Controller &lt;AHCI&gt;</product>
    <vendor id='0x8086'>Intel Corporation</vendor>
    <iommuGroup number='9'>
      <address domain='0x0000' bus='0x00' slot='0x1f' function='0x2'/>
    </iommuGroup>
  </capability>
</device>
`,
  `<device>
  <name>block_sda_DISK_1</name>
  <path>/sys/devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda</path>
  <devnode type='dev'>/dev/sda</devnode>
  <devnode type='link'>/dev/disk/by-id/ata-DISK_1</devnode>
  <parent>pci_0000_00_1f_2</parent>
  <capability type='storage'>
    <block>/dev/sda</block>
    <bus>ata</bus>
    <drive_type>disk</drive_type>
    <model>DISK &quot;1&quot;</model>
    <serial>DISK_1</serial>
    <size>34359738368</size>
    <logical_block_size>512</logical_block_size>
    <num_blocks>67108864</num_blocks>
  </capability>
</device>
`,
  `<device>
  <name>usb_usb1</name>
  <path>/sys/devices/pci0000:00/0000:00:1d.7/usb1</path>
  <devnode type='dev'>/dev/bus/usb/001/001</devnode>
  <parent>computer</parent>
  <driver>
    <name>usb</name>
  </driver>
  <capability type='usb_device'>
    <bus>1</bus>
    <device>1</device>
    <product id='0x0002'>2.0 root hub</product>
    <vendor id='0x1d6b'>Linux Foundation</vendor>
  </capability>
</device>
`,
  `<device>
  <name>usb_1_0_1_0</name>
  <path>/sys/devices/pci0000:00/0000:00:1d.7/usb1/1-0:1.0</path>
  <parent>usb_usb1</parent>
  <driver>
    <name>hub</name>
  </driver>
  <capability type='usb'>
    <number>0</number>
    <class>9</class>
    <subclass>0</subclass>
    <protocol>0</protocol>
  </capability>
</device>
`,
  `<device>
  <name>net_eth0_52_54_00_aa_bb_cc</name>
  <path>/sys/devices/virtual/net/eth0</path>
  <parent>computer</parent>
  <capability type='net'>
    <interface>eth0</interface>
    <address>52:54:00:aa:bb:cc</address>
    <link state='up' speed='1000'/>
    <feature name='rx'/>
    <feature name='tx'/>
    <capability type='80203'/>
  </capability>
</device>
`,
]
