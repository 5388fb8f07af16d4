import { VirtError } from '../../errors.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { mdevProps } from './mdev.js'
import { alone, type QemuHostdev, type QemuOptions, unsayable } from './options.js'
import { pciDevices } from './pci.js'
import { scsiDevices, vhostProps } from './scsi.js'
import { usbProps } from './usb.js'

/** Members that every hostdev may have, and what each kind may have besides. */
const common = ['kind', 'managed', 'source', 'boot', 'alias', 'address']
const sayable: Readonly<Record<'usb' | 'pci' | 'scsi' | 'scsi_host' | 'mdev', readonly string[]>> = {
  usb: [],
  pci: ['driver', 'display', 'ramfb', 'teaming', 'rom', 'acpi'],
  scsi: ['sgio', 'rawio', 'readonly', 'shareable'],
  scsi_host: ['model'],
  mdev: ['model', 'display', 'ramfb'],
}

/**
 * A hostdev in QEMU's words (`qemuBuildHostdevCommandLine`). What tells the host what to do, such as `managed`, is
 * none of QEMU's business and not among them.
 *
 * @throws VirtError `config-unsupported`, which names what QEMU cannot say or is not told
 */
export function toQemu(def: HostdevDef, options: QemuOptions = {}): QemuHostdev {
  if (def.kind === 'other' || def.kind === 'net' || def.kind === 'misc' || def.kind === 'storage')
    throw unsayable(def, 'is no device of QEMU; usb, pci, scsi, scsi_host and mdev are')
  const odd = Object.keys(def).find((member) => !common.includes(member) && !sayable[def.kind].includes(member))
  if (odd !== undefined) throw unsayable(def, `has ${odd}, which QEMU has no word for with such a device; remove it`)
  const id = checkedId(def.alias ?? options.id ?? 'hostdev0')
  if (def.address?.kind === 'unassigned') return alone()
  if (def.boot?.loadparm !== undefined && options.arch !== 's390x')
    throw unsayable(def, 'has a loadparm, which only guests of s390x have')
  switch (def.kind) {
    case 'usb':
      return alone(usbProps(def, id, options))
    case 'pci':
      return pciDevices(def, id, options)
    case 'scsi':
      return scsiDevices(def, id, options)
    case 'scsi_host':
      return alone(vhostProps(def, id, options))
    case 'mdev':
      return alone(mdevProps(def, id, options))
  }
}

/** QEMU's rule for ids (util/id.c, `id_wellformed`). */
function checkedId(id: string): string {
  if (/^[A-Za-z][\w.-]*$/.test(id)) return id
  throw new VirtError(
    'config-unsupported',
    `the alias ${JSON.stringify(id.slice(0, 100))} is no id to QEMU; begin with a letter, then letters, digits, -, . and _`,
  )
}
