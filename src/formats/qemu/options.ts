import { VirtError } from '../../errors.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import type { BusNames, ScsiController } from './guest-address.js'
import type { QemuProps } from './props.js'

/** What a hostdev does not say and QEMU needs. */
export interface QemuOptions extends BusNames {
  /** The device's id, when the hostdev has no alias; `hostdev0` unless told. */
  id?: string
  /** Where the USB device is plugged in, when the hostdev tells it by vendor and product. */
  usbAddress?: { bus: number; device: number }
  /** The SCSI generic node of the logical unit: `/dev/sg3`. */
  sgDevice?: string
  /** The adapter the SCSI device hangs at: one with targets and units unless told. */
  scsiController?: ScsiController
  /** Descriptor of /dev/vhost-scsi that QEMU was given; it opens that itself unless told. */
  vhostFd?: string
  /** The password of an iSCSI target. */
  secret?: string
  /** QEMU before 5.1: USB devices by numbers rather than by path, no word on displays unless asked. */
  legacy?: boolean
  /** As libvirt writes it: a USB device without address is the first, an iSCSI portal without port has port 0. */
  compat?: boolean
}

/** What QEMU is given for one hostdev, in the order it needs it. */
export interface QemuHostdev {
  /** For `-object` and `object-add`. */
  objects: QemuProps[]
  /** For `-blockdev` and `blockdev-add`. */
  blockdevs: QemuProps[]
  /** For `-device` and `device_add`; the host device itself comes last. None for a device that no guest sees. */
  devices: QemuProps[]
}

/** The device's turn when the guest boots, and what it is told then. */
export const bootProps = ({ order, loadparm }: { order?: number; loadparm?: string } = {}) => ({
  bootindex: order,
  loadparm,
})

/** Everything of a hostdev that is one device of QEMU and nothing else. */
export const alone = (...devices: QemuProps[]): QemuHostdev => ({ objects: [], blockdevs: [], devices })

/** The error that names what QEMU cannot say of a hostdev. */
export const unsayable = (def: HostdevDef, problem: string): VirtError =>
  new VirtError('config-unsupported', `${describeHostdev(def)} ${problem}`)
