import type { HostdevOf } from '../../model/hostdev.js'
import { normalIp } from '../../model/ip-address.js'
import { addressProps, driveProps } from './guest-address.js'
import { bootProps, type QemuHostdev, type QemuOptions, unsayable } from './options.js'
import { props, type QemuProps } from './props.js'

type Scsi = HostdevOf<'scsi'>
type Iscsi = Extract<Scsi['source'], { kind: 'iscsi' }>

/** A logical unit: its backend, then the device of the guest that uses it (`qemuBuildSCSIHostdevDevProps`). */
export function scsiDevices(def: Scsi, id: string, options: QemuOptions): QemuHostdev {
  const drive = `${id}-backend`
  const secret = `${drive}-secret0`
  const common = { 'node-name': drive, 'read-only': def.readonly ?? false }
  const iscsi = def.source.kind === 'iscsi' ? def.source : undefined
  const backend = iscsi ? iscsiProps(def, iscsi, secret, options) : nodeProps(def, options)
  const device = {
    ...props({ driver: 'scsi-generic', drive, id, ...bootProps(def.boot) }),
    ...driveProps(def.address, options.scsiController ?? 'virtio-scsi'),
  }
  const object = iscsi?.auth &&
    options.secret !== undefined && { 'qom-type': 'secret', id: secret, data: options.secret }
  return { objects: object ? [object] : [], blockdevs: [{ ...backend, ...common }], devices: [device] }
}

/** The SCSI generic node; a def that names none needs to be told. */
function nodeProps(def: Scsi, { sgDevice }: QemuOptions): QemuProps {
  const filename = sgDevice ?? (def.source.kind === 'generic' ? `/dev/${def.source.name}` : undefined)
  if (filename === undefined)
    throw unsayable(def, 'is known to QEMU by its node only; say which, such as /dev/sg3, in sgDevice')
  return { driver: 'host_device', filename }
}

/** block/iscsi.c; the part of the name after its first slash is the LUN. */
function iscsiProps(
  def: Scsi,
  { name, hosts, auth, initiator }: Iscsi,
  secret: string,
  { compat }: QemuOptions,
): QemuProps {
  const [host] = hosts
  if (!host) throw unsayable(def, 'has no host; give the portal of the target')
  const [, target = '', lun = '0'] = /^([^/]*)(?:\/(.*))?$/s.exec(name) ?? []
  if (!/^\d{1,9}$/.test(lun)) throw unsayable(def, `has '${lun}' for a LUN; write a number after the slash of its name`)
  const address = normalIp(host.name)?.includes(':') ? `[${host.name}]` : host.name
  return props({
    driver: 'iscsi',
    portal: `${address}:${host.port ?? (compat ? 0 : 3260)}`,
    target,
    lun: Number(lun),
    transport: 'tcp',
    user: auth?.username,
    'password-secret': auth && secret,
    'initiator-name': initiator,
  })
}

/** A vhost-scsi target of the host (`qemuBuildSCSIVHostHostdevDevProps`). */
export function vhostProps(def: HostdevOf<'scsi_host'>, id: string, options: QemuOptions): QemuProps {
  const { source, model = 'virtio', boot, address } = def
  const bus = address?.kind === 'ccw' ? 'ccw' : 'pci'
  if (bus === 'ccw' && model !== 'virtio') throw unsayable(def, `has model ${model}, which only PCI devices have`)
  return {
    ...props({
      driver: `vhost-scsi-${bus}${model.replace(/^virtio/, '')}`,
      wwpn: source.wwpn,
      vhostfd: options.vhostFd,
      id,
      ...bootProps(boot),
    }),
    ...addressProps(address, options),
  }
}
