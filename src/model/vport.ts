import { VirtError } from '../errors.js'
import type { ScsiHost } from './kinds/scsi.js'
import { capabilityOf, type NodeDeviceDef } from './node-device.js'

/** A Fibre Channel port below which virtual ones may be made. */
export interface PortParent extends Pick<ScsiHost, 'fcHost' | 'vportOps'> {
  /** Name of the node device. */
  readonly name: string
  readonly isOnline: boolean
}

/**
 * The port below which a virtual one is made: that of a name, of world wide names or of a fabric, or else the first
 * that is online and has one left (`virNodeDeviceObjListGetParentHost`, `virVHBAFindVportHost`). Numbers are compared
 * as numbers, where libvirt compares their digits.
 *
 * @param ports - every SCSI host, in the order of their numbers
 * @throws VirtError `internal` (libvirt's 1) when there is none, or the one that is meant can have no more
 */
export function vportParent<P extends PortParent>(ports: readonly P[], def: NodeDeviceDef): P {
  const { parent, parentWwnn, parentWwpn, parentFabricWwn } = def
  const hasRoom = ({ vportOps }: P) => vportOps !== undefined && vportOps.vports < vportOps.maxVports
  const found = ports.find((port) => {
    if (parent !== undefined) return port.name === parent
    if (!port.vportOps) return false
    const { wwnn, wwpn, fabricWwn } = port.fcHost ?? {}
    if (parentWwnn !== undefined) return isSame(parentWwnn, wwnn) && isSame(parentWwpn, wwpn)
    if (parentFabricWwn !== undefined) return isSame(parentFabricWwn, fabricWwn)
    return port.isOnline && hasRoom(port)
  })
  const fail = (problem: string) => new VirtError('internal', problem, { device: found?.name ?? parent ?? def.name })
  if (!found) throw fail(`${def.name} finds no parent: no Fibre Channel port that fits is here, online and with room`)
  if (!found.vportOps) throw fail(`${found.name} is no Fibre Channel port that can have virtual ones (NPIV)`)
  if (!hasRoom(found)) throw fail(`${found.name} has all its ${found.vportOps.maxVports} virtual ports in use`)
  return found
}

/** World wide names of a virtual port, 16 digits each. */
export interface PortNames {
  readonly wwnn: string
  readonly wwpn: string
}

/**
 * The names that a new virtual port gets: those it is given, made-up ones in place of what is missing.
 *
 * @param ports - every SCSI host
 * @throws VirtError `invalid-argument` for what is no world wide name; `system` (libvirt's 38, which the kernel's
 * answer comes to) for a port name that another port has
 */
export function newPortNames(ports: readonly Pick<ScsiHost, 'fcHost'>[], def: NodeDeviceDef): PortNames {
  const { wwnn = randomWwn(), wwpn = randomWwn() } = capabilityOf(def, 'scsi_host')?.fcHost ?? {}
  for (const text of [wwnn, wwpn])
    if (!/^[\da-f]{16}$/i.test(text))
      throw new VirtError(
        'invalid-argument',
        `${def.name}: ${JSON.stringify(text.slice(0, 100))} is no world wide name, which has 16 hexadecimal digits`,
        { device: def.name },
      )
  if (ports.some(({ fcHost }) => isSame(wwpn, fcHost?.wwpn)))
    throw new VirtError('system', `${def.name}: the port name ${wwpn} is in use already; take another`, {
      device: def.name,
      errno: 'EINVAL',
    })
  return { wwnn: wwnn.toLowerCase(), wwpn: wwpn.toLowerCase() }
}

const isSame = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && a.toLowerCase() === b?.toLowerCase()

/**
 * A world wide name of the registered format, NAA 5 (FC-FS-3, 15.6): the company id 00:1A:4A, which libvirt uses for
 * QEMU's guests, and 36 random bits (`virRandomGenerateWWN`).
 */
function randomWwn(): string {
  const [high = 0, low = 0] = globalThis.crypto.getRandomValues(new Uint32Array(2))
  return `5001a4a${(high & 0xf).toString(16)}${low.toString(16).padStart(8, '0')}`
}
