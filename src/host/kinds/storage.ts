import type { StorageDevice } from '../../model/kinds/storage.js'
import { known } from '../../model/known.js'
import type { HostKind } from '../kind.js'
import type { Survey } from '../survey.js'
import type { SysfsDevice } from '../sysfs-device.js'

/** What `size` counts, whatever the drive's own blocks are (Documentation/ABI/stable/sysfs-block). */
const sector = 512

const driveTypes = ['disk', 'cdrom', 'floppy', 'sd', 'dasd'] as const
type DriveType = (typeof driveTypes)[number]

/** Drives: whole block devices with hardware behind them. */
export const storage: HostKind<'storage'> = {
  kind: 'storage',
  subsystem: 'block',
  // partitions stand in /sys/class/block only
  folder: '/sys/block',
  node: (device) => device,
  is: (device, survey) => device.devnode !== undefined && driveType(device, survey) !== undefined,
  suffix: (device, survey) => serialOf(device, driveType(device, survey)),
  read(device, survey) {
    const block = device.devnode
    const type = driveType(device, survey)
    if (block === undefined || type === undefined) return undefined
    return known<StorageDevice>({
      block,
      bus: device.property('ID_BUS'),
      driveType: type,
      model: padded(device.text('device/model'), survey),
      vendor: padded(device.text('device/vendor'), survey),
      serial: serialOf(device, type),
      wwid: survey.compat ? undefined : (device.text('wwid') ?? device.text('device/wwid')),
      ...readMedium(device, survey, type),
    })
  },
}

/** udev knows no serial number of DASD, the drives of s390; their driver does. */
const serialOf = (device: SysfsDevice, type: DriveType | undefined): string | undefined =>
  type === 'dasd' ? device.text('device/uid') : device.property('ID_SERIAL')

/** SCSI pads names with blanks; one of blanks alone is an empty name to libvirt. */
const padded = (text: string | undefined, { compat }: Survey): string | undefined =>
  compat ? text?.trimEnd() : text?.trimEnd() || undefined

/** udev's word for the type, else what its properties or the device node's name tell (`udevProcessStorage`). */
function driveType(device: SysfsDevice, { compat }: Survey): DriveType | undefined {
  const told = device.property('ID_TYPE')
  if (told === 'cd' || told === 'cd/dvd') return 'cdrom'
  if (told !== undefined && told !== 'generic') return driveTypes.find((type) => type === told)
  if (device.property('ID_DRIVE_FLOPPY') !== undefined) return 'floppy'
  if (device.property('ID_CDROM') !== undefined) return 'cdrom'
  if (device.property('ID_DRIVE_FLASH_SD') !== undefined) return 'sd'
  if (/^(vd|nvme)/.test(device.sysname)) return 'disk'
  if (device.sysname.startsWith('dasd')) return 'dasd'
  return compat ? undefined : kernelDriveType(device)
}

/** What the kernel alone says, for hosts without udevd; libvirt sees none of these there. */
function kernelDriveType(device: SysfsDevice): DriveType | undefined {
  if (!device.has('device')) return undefined
  if (device.sysname.startsWith('mmcblk')) return 'sd'
  if (/^fd\d/.test(device.sysname)) return 'floppy'
  const scsiType = device.number('device/type')
  if (scsiType === 5) return 'cdrom'
  return scsiType === undefined || scsiType === 0 ? 'disk' : undefined
}

type Medium = Pick<StorageDevice, 'removable' | 'size' | 'logicalBlockSize' | 'numBlocks'>

function readMedium(device: SysfsDevice, survey: Survey, type: DriveType): Medium {
  const hasTray = type === 'cdrom' || type === 'floppy'
  const isRemovable = device.text('removable') === '1'
  // libvirt asks CD and floppy drives only whether their medium comes out (`udevProcessDisk`)
  if (!hasTray && (survey.compat || !isRemovable)) return readSize(device, survey, type)
  const mediaAvailable = hasMedium(device, type)
  const { size = 0, ...geometry } = mediaAvailable ? readSize(device, survey, type) : {}
  if (!isRemovable) return known<Medium>({ size, ...geometry })
  return {
    removable: known<NonNullable<StorageDevice['removable']>>({
      mediaAvailable,
      mediaSize: size,
      mediaLabel: mediaAvailable ? device.property('ID_FS_LABEL') : undefined,
      ...geometry,
    }),
  }
}

function hasMedium(device: SysfsDevice, type: DriveType): boolean {
  if (type === 'cdrom') return device.property('ID_CDROM_MEDIA') === '1'
  if (type === 'floppy') return device.property('ID_FS_LABEL') !== undefined
  return (device.number('size') ?? 0) > 0
}

function readSize(device: SysfsDevice, { compat }: Survey, type: DriveType): Omit<Medium, 'removable'> {
  const sectors = device.number('size')
  if (sectors === undefined) return {}
  const told = device.number('queue/logical_block_size') || undefined
  if (!compat) {
    const size = sectors * sector
    return known<Medium>({ size, logicalBlockSize: told, numBlocks: told && Math.floor(size / told) })
  }
  // libvirt takes sectors for blocks, which is wrong unless those have 512 bytes (`udevProcessDisk`)
  const blockSize = told ?? (type === 'cdrom' ? 2048 : sector)
  return known<Medium>({ size: sectors * blockSize, logicalBlockSize: blockSize, numBlocks: sectors || undefined })
}
