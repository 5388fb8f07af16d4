// Change the host devices in a guest's definition, and nothing else in it.

import { DomainDocument, evaluate } from 'hostdev/dom'

const domain = DomainDocument.parse(`<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>guest</name>
  <devices>
    <!-- the scanner, until the new one comes -->
    <hostdev mode='subsystem' type='usb' managed='no'>
      <source>
        <vendor id='0x04a9'/>
        <product id='0x2213'/>
      </source>
      <alias name='ua-scanner'/>
    </hostdev>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-snapshot'/>
  </qemu:commandline>
</domain>`)

for (const { def, element } of domain.hostdevs())
  console.log(`line ${element.lineNumber}: ${def.kind} device from vendor ${evaluate(def, '//vendor/@id')}`)

domain.replace('ua-scanner', { kind: 'usb', source: { vendor: 0x04a9, product: 0x1912 }, alias: 'ua-scanner' })
domain.add({ kind: 'pci', managed: true, source: { address: { domain: 0, bus: 3, slot: 0, function: 1 } } })

console.log(domain.evaluate('count(//hostdev)'), 'devices, and', domain.select('//qemu:arg').length, 'argument of QEMU')
console.log(domain.toString())
