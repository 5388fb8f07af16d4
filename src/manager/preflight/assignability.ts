import { generateName } from '../../host/names.js'
import { realPath } from '../../host/plain-files.js'
import { type Assignability, assignabilityOf, type Finding, finding } from '../../model/finding.js'
import { capabilityOf, type NodeDeviceDef } from '../../model/node-device.js'
import { formatPciAddress, parsePciAddress } from '../../model/pci-address.js'
import { sysnameOf } from '../host-device.js'
import { readMdevDevice } from '../mdev-device.js'
import { readPciFunction } from '../pci-function.js'
import { readScsiUnit } from '../scsi-device.js'
import { readUsbDevice } from '../usb-device.js'
import { vfioNodes } from '../vfio-nodes.js'
import type { Inventory } from './inventory.js'
import { pciFindings } from './pci-findings.js'
import { usbFindings } from './usb-findings.js'
import { useFindings } from './use-findings.js'

/** Whether a device can be given to a guest, and every reason for and against it. */
export const assignability = async (look: Inventory, def: NodeDeviceDef): Promise<Assignability> =>
  assignabilityOf(await findingsOf(look, def))

async function findingsOf(look: Inventory, def: NodeDeviceDef): Promise<Finding[]> {
  const { files } = look.host
  const logical = look.for === 'openvz' ? await logicalFindings(look, def) : undefined
  if (logical) return logical
  const pci = capabilityOf(def, 'pci')
  if (pci) return await pciFindings(look, readPciFunction(files, formatPciAddress(pci)))
  if (capabilityOf(def, 'usb_device')) return await usbFindings(look, readUsbDevice(files, sysnameOf(def)))
  if (capabilityOf(def, 'scsi')) return await scsiFindings(look, sysnameOf(def))
  const uuid = capabilityOf(def, 'mdev')?.uuid
  if (uuid !== undefined) return await mdevFindings(look, uuid, def.name)
  return [notAssignable(def)]
}

/** An interface or a disk that a container is given as such; `undefined` for what is neither. */
async function logicalFindings(look: Inventory, def: NodeDeviceDef): Promise<Finding[] | undefined> {
  const name = capabilityOf(def, 'net')?.interface
  const block = capabilityOf(def, 'storage')?.block
  const folder =
    name === undefined ? block && `/sys/class/block/${block.replace(/^\/dev\//, '')}` : `/sys/class/net/${name}`
  const real = folder === undefined ? undefined : realPath(look.host.files, folder)
  if (folder === undefined || real === undefined) return undefined
  const key = name === undefined ? `node-${block?.slice('/dev/'.length)}` : `net-${name}`
  const device = { key, name: def.name, folder, real, inode: 0 }
  const uses = name === undefined ? look.uses.below(real) : look.uses.ofInterface(real, name)
  return [...(await useFindings(look, device, [])), ...uses]
}

async function scsiFindings(look: Inventory, sysname: string): Promise<Finding[]> {
  const unit = readScsiUnit(look.host.files, sysname)
  const remedy = 'load the module: modprobe sg'
  return [
    ...(await useFindings(look, unit, unit.node === undefined ? [] : [unit.node])),
    ...(unit.node === undefined ? [finding('no-scsi-generic', 'has no SCSI generic node', { remedy })] : []),
    ...look.uses.below(unit.real).filter(({ facts }) => facts.node !== unit.node),
  ]
}

async function mdevFindings(look: Inventory, uuid: string, name: string): Promise<Finding[]> {
  const mdev = readMdevDevice(look.host.files, uuid, name)
  return await useFindings(look, mdev, vfioNodes(look.host.files, mdev.folder))
}

/** A device that is a face of another is given away by that one: the nearest above that can be. */
function notAssignable(def: NodeDeviceDef): Finding {
  const [kind] = def.capabilities
  const steps = def.path?.split('/').reverse() ?? []
  const above = steps.slice(1).map(assignableName)
  const device = above.find((name) => name !== undefined)
  const remedy = device === undefined ? undefined : `give away what it belongs to: ${device}`
  return finding('not-assignable', `is ${kind ? `of the kind ${kind.kind}, which is` : ''} not given away by itself`, {
    remedy,
    device,
  })
}

function assignableName(step: string): string | undefined {
  if (parsePciAddress(step)) return generateName('pci', step)
  if (/^\d+-\d+(\.\d+)*$/.test(step)) return generateName('usb', step)
  return /^\d+:\d+:\d+:\d+$/.test(step) ? generateName('scsi', step) : undefined
}
