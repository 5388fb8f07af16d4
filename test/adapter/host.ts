import { type Dirent, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import {
  capabilityOf,
  connect,
  formatPciAddress,
  type NodeDeviceDef,
  nodeDevice,
  parsePciConfig,
  parsePciVpd,
  VirtError,
} from '../../src/index.js'
import {
  fcHost,
  fcHostByWwn,
  fcHostForVport,
  fcHosts,
  linux,
  type MemoryFile,
  MemoryFiles,
  scsiHostNumber,
  scsiNodes,
} from '../../src/linux.js'
import type { Operations } from './protocol.js'

/** The files below a folder, as a host that has them at `at`. */
function mounted(folder: string, at: string): MemoryFiles {
  const tree = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry): [string, MemoryFile] => {
    const path = join(entry.parentPath, entry.name)
    return [at + path.slice(folder.length), fileAt(path, entry)]
  })
  return new MemoryFiles(tree)
}

/** A file of a tree; some trees have lost their links, which are files now that hold where they led. */
function fileAt(path: string, entry: Dirent): MemoryFile {
  if (entry.isSymbolicLink()) return { link: readlinkSync(path) }
  if (entry.isDirectory()) return { kind: 'directory' }
  const bytes = readFileSync(path)
  const text = bytes.toString('latin1')
  return /^\.\.\/[^\n]*$/.test(text) ? { link: text } : bytes
}

const hex = (value: number, digits = 4): string => `0x${value.toString(16).padStart(digits, '0')}`
const sysname = ({ path = '' }: NodeDeviceDef): string => path.slice(path.lastIndexOf('/') + 1)

function pciFacts(def: NodeDeviceDef) {
  const pci = capabilityOf(def, 'pci')
  if (!pci) return []
  const { iommuGroup, physicalFunction, virtualFunctions } = pci
  return [
    {
      name: def.name,
      address: formatPciAddress(pci),
      vendor: hex(pci.vendor.id ?? 0),
      product: hex(pci.product.id ?? 0),
      class: hex(pci.class ?? 0, 6),
      driver: def.driver ?? null,
      iommuGroup: iommuGroup?.number ?? null,
      iommuGroupMembers: iommuGroup?.addresses.map(formatPciAddress) ?? [],
      physicalFunction: physicalFunction ? formatPciAddress(physicalFunction) : null,
      virtualFunctions: virtualFunctions?.addresses.map(formatPciAddress) ?? [],
    },
  ]
}

interface UsbQuery {
  vendor?: string
  product?: string
  bus?: number
  device?: number
}

function usbFacts(def: NodeDeviceDef) {
  const usb = capabilityOf(def, 'usb_device')
  if (!usb) return []
  const { bus, device, vendor, product } = usb
  return [{ name: sysname(def), bus, device, vendor: hex(vendor.id ?? 0), product: hex(product.id ?? 0) }]
}

async function defsOf(files: MemoryFiles, capability: string): Promise<NodeDeviceDef[]> {
  await using connection = await connect(linux({ files }))
  const defs: NodeDeviceDef[] = []
  for await (const def of connection.nodeDeviceDefs({ capability })) defs.push(def)
  return defs
}

/** What a Linux host says of itself. */
export const host: Operations = {
  'pci.config'({ base64 }: { base64: string }) {
    const bytes = Buffer.from(base64, 'base64')
    const { link, ...config } = parsePciConfig(bytes)
    return {
      ...config,
      configSize: bytes.length,
      vendor: hex(config.vendor),
      device: hex(config.device),
      class: hex(config.class, 6),
      ...(config.subsystemVendor !== undefined && { subsystemVendor: hex(config.subsystemVendor) }),
      ...(config.subsystemDevice !== undefined && { subsystemDevice: hex(config.subsystemDevice) }),
      extCapabilities: config.extendedCapabilities,
      isPCIe: config.isPciExpress,
      pcieType: config.pciExpressType,
      hasFLR: config.hasFlr,
      hasAFFLR: config.hasAfFlr,
      hasPMReset: config.hasPmReset,
      sriovTotalVFs: config.sriovTotalVfs ?? null,
      ...(link && { linkCap: link.capability, linkSta: link.status }),
    }
  },

  'pci.vpd'({ base64 }: { base64: string }) {
    const vpd = parsePciVpd(Buffer.from(base64, 'base64'))
    if (!vpd) throw new VirtError('invalid-argument', 'these bytes are no vital product data')
    const address = { domain: 0, bus: 0, slot: 0, function: 0 }
    const capability = { kind: 'pci', ...address, product: { id: 0 }, vendor: { id: 0 }, vpd } as const
    const xml = nodeDevice.format({ name: 'pci_0000_00_00_0', capabilities: [capability] })
    return { xml: /<capability type='vpd'(?:\/>|>[\s\S]*?<\/capability>)/.exec(xml)?.[0] }
  },

  async 'sysfs.pci'({ root, query }: { root: string; query?: string }) {
    const files = mounted(root, '/sys')
    if (query === undefined) return { devices: (await defsOf(files, 'pci')).flatMap(pciFacts) }
    await using connection = await connect(linux({ files }))
    const device = await connection.lookupNodeDevice(query)
    return { device: pciFacts(await device.def())[0] }
  },

  async 'sysfs.usb'({ root, query = {} }: { root: string; query?: UsbQuery }) {
    const devices = (await defsOf(mounted(root, '/sys/bus/usb'), 'usb_device')).flatMap(usbFacts)
    const wanted = Object.entries(query) as [keyof UsbQuery, string | number][]
    return { devices: devices.filter((device) => wanted.every(([key, value]) => device[key] === value)) }
  },

  'sysfs.scsi'({
    root,
    adapter,
    ...address
  }: {
    root: string
    adapter: string
    bus: number
    target: number
    unit: number
  }) {
    const { generic, block } = scsiNodes(mounted(root, '/sys/bus/scsi/devices'), {
      host: scsiHostNumber(adapter),
      ...address,
    })
    return { sg: generic, block }
  },

  'sysfs.fchost'({ root, host, find }: { root: string; host?: number; find?: { wwnn?: string; wwpn?: string } }) {
    const files = mounted(root, '/sys/class/fc_host')
    if (find) {
      const { wwnn, wwpn } = find
      const hosts = fcHosts(files)
      const found = wwnn && wwpn ? fcHostByWwn(hosts, wwnn, wwpn) : fcHostForVport(hosts)
      return { host: found?.name ?? null }
    }
    const found = fcHost(files, `host${host}`)
    if (!found) throw new VirtError('no-node-device', `host${host} is no Fibre Channel port`)
    const { wwnn, wwpn, fabricWwn = null, vportOps } = found
    return { wwnn, wwpn, fabricWwn, vportCapable: vportOps !== undefined }
  },
}
