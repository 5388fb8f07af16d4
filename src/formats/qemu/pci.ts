import type { HostdevOf } from '../../model/hostdev.js'
import { formatPciAddress } from '../../model/pci-address.js'
import { addressProps } from './guest-address.js'
import { alone, bootProps, type QemuHostdev, type QemuOptions, unsayable } from './options.js'
import { props, type QemuProps } from './props.js'

/** A PCI function (`qemuBuildPCIHostdevDevProps`), with its numbers on an IBM Z guest before it. */
export function pciDevices(def: HostdevOf<'pci'>, id: string, options: QemuOptions): QemuHostdev {
  const { source, driver, display, ramfb, boot, teaming, rom, acpi, address } = def
  // libvirt refuses it; by itself it is a loss, which a conversion tells
  if (options.compat && source.writeFiltering !== undefined)
    throw unsayable(def, 'has writeFiltering, which is of Xen; remove it to give the device to QEMU')
  const device = {
    ...props({
      driver: ramfb ? 'vfio-pci-nohotplug' : 'vfio-pci',
      host: formatPciAddress(source.address),
      iommufd: driver?.iommufd ? 'iommufd0' : undefined,
      id,
      display: display === undefined ? undefined : display ? 'on' : 'off',
      ramfb: ramfb || undefined,
      ...bootProps(boot),
      failover_pair_id: teaming?.kind === 'transient' ? teaming.persistent : undefined,
      'acpi-index': acpi?.index,
    }),
    ...addressProps(address, options),
    ...romProps(rom),
  }
  const zpci = zpciProps(def, id, options)
  return {
    ...alone(...(zpci ? [zpci] : []), device),
    objects: driver?.iommufd ? [{ 'qom-type': 'iommufd', id: 'iommufd0' }] : [],
  }
}

/** An empty file hides the ROM (`qemuBuildRomProps`). */
const romProps = (rom: HostdevOf<'pci'>['rom'] = {}): QemuProps =>
  rom.enabled === false
    ? { romfile: '' }
    : props({ rombar: rom.bar === undefined ? undefined : Number(rom.bar), romfile: rom.file })

function zpciProps(def: HostdevOf<'pci'>, id: string, { arch }: QemuOptions): QemuProps | undefined {
  const zpci = def.address?.kind === 'pci' ? def.address.zpci : undefined
  if (!zpci) return undefined
  if (arch !== 's390x') throw unsayable(def, 'has zpci numbers, which only guests of s390x have; remove them')
  const { uid = 0, fid = 0 } = zpci
  return { driver: 'zpci', uid, fid, target: id, id: `zpci${uid}` }
}
