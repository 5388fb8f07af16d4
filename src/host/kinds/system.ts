import type { System } from '../../model/kinds/system.js'
import { known } from '../../model/known.js'
import type { HostFiles } from '../../os/host-files.js'
import { SysfsDevice } from '../sysfs-device.js'

/** Where the kernel says what SMBIOS says; not every machine has one, nor a container a view of it. */
const dmi = '/sys/class/dmi/id'
const noUuid = '00000000-0000-0000-0000-000000000000'
const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

/** The host itself: what SMBIOS says of machine and firmware. The UUID and the serial number are for root to read. */
export function readSystem(files: HostFiles): { system: System; device: SysfsDevice } {
  const device = new SysfsDevice(files, 'dmi', 'id', dmi)
  const text = (attribute: string) => device.text(attribute)
  const id = text('product_uuid') ?? ''
  const system = known<System>({
    product: text('product_name'),
    hardware: known<System['hardware']>({
      vendor: text('sys_vendor'),
      version: text('product_version'),
      serial: text('product_serial'),
      uuid: uuid.test(id) ? id.toLowerCase() : noUuid,
    }),
    firmware: known<System['firmware']>({
      vendor: text('bios_vendor'),
      version: text('bios_version'),
      releaseDate: text('bios_date'),
    }),
  })
  return { system, device }
}
