import type { AnyHostKind } from './kind.js'
import { ccw, ccwGroup, css } from './kinds/channel.js'
import { apCard, apMatrix, apQueue } from './kinds/crypto.js'
import { drm } from './kinds/drm.js'
import { input } from './kinds/input.js'
import { mdev } from './kinds/mdev.js'
import { mdevTypes } from './kinds/mdev-types.js'
import { net } from './kinds/net.js'
import { pci } from './kinds/pci.js'
import { scsiDevice, scsiGeneric, scsiTarget } from './kinds/scsi.js'
import { scsiHost } from './kinds/scsi-host.js'
import { sound } from './kinds/sound.js'
import { storage } from './kinds/storage.js'
import { usbDevice, usbInterface } from './kinds/usb.js'
import { vdpa } from './kinds/vdpa.js'

/**
 * Every kind of device that is looked for on a host. A new one is a table in the model, a file here, and a line below.
 */
const kinds: readonly AnyHostKind[] = [
  pci,
  usbDevice,
  usbInterface,
  net,
  storage,
  scsiHost,
  scsiTarget,
  scsiDevice,
  scsiGeneric,
  drm,
  mdevTypes,
  mdev,
  ccw,
  ccwGroup,
  css,
  vdpa,
  apCard,
  apQueue,
  apMatrix,
  sound,
  input,
]

/** A bus or class of the kernel's, with the kinds of device that it has. */
export interface Subsystem {
  readonly name: string
  readonly folder: string
  readonly kinds: readonly AnyHostKind[]
}

/** The kinds by the kernel's subsystem, so that each is listed once. */
export const subsystems: readonly Subsystem[] = [...new Set(kinds.map(({ subsystem }) => subsystem))].map((name) => {
  const members = kinds.filter(({ subsystem }) => subsystem === name)
  return { name, folder: members[0]?.folder ?? '', kinds: members }
})
