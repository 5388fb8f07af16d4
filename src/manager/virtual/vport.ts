import type { CallOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { fcHostByWwn, fcHosts } from '../../host/fc-hosts.js'
import { exists } from '../../host/plain-files.js'
import { capabilityOf, type NodeDeviceDef } from '../../model/node-device.js'
import { newPortNames, type PortNames, type PortParent, vportParent } from '../../model/vport.js'
import type { HostFiles } from '../../os/host-files.js'
import type { Action } from '../action.js'
import { type HostDevice, hostDevice } from '../host-device.js'
import { makeChange, refuseFor } from '../make-change.js'
import type { ManagedHost } from '../managed-host.js'
import { takeInventory } from '../preflight/inventory.js'
import { refuseUnfinished } from './unfinished.js'

/**
 * Makes a virtual Fibre Channel port (NPIV) below the port that the def's parent means, and waits until it is there:
 * ten seconds at most (scsi_fc_transport.txt, "NPIV").
 *
 * @returns the name of the new SCSI host
 * @throws VirtError as {@link vportParent} and {@link newPortNames}
 */
export async function createVport(host: ManagedHost, def: NodeDeviceDef, options: CallOptions): Promise<string> {
  const { files } = host
  const parent = vportParent(portsOf(files), def)
  const hba = hostDevice(files, 'scsi', parent.sysname, parent.name)
  let names: PortNames | undefined
  const writable = [portFile(files, parent.sysname, 'vport_create')]
  await makeChange(host, { verb: 'create', devices: [hba], writable }, options, async () => {
    refuseUnfinished(host, [hba])
    const ports = portsOf(files)
    vportParent(ports, { ...def, parent: hba.name })
    names = newPortNames(ports, def)
    const step = {
      device: hba.key,
      do: portWrite(files, parent.sysname, 'vport_create', names),
      undo: portWrite(files, parent.sysname, 'vport_delete', names),
    }
    return { verb: 'create', devices: [hba], steps: [step], recovery: 'undo', records: [] }
  })
  const made = names && fcHostByWwn(fcHosts(files), names.wwnn, names.wwpn)
  if (made) return nameOf(made.name)
  throw new VirtError('operation-failed', `${def.name}: the new virtual port has gone again`, { device: hba.name })
}

/**
 * Takes a virtual port away, with all disks behind it.
 *
 * @throws VirtError `operation-invalid` (libvirt's 55) when the host uses one of them
 */
export async function destroyVport(host: ManagedHost, def: NodeDeviceDef, options: CallOptions): Promise<void> {
  const { files } = host
  const { fcHost } = capabilityOf(def, 'scsi_host') ?? {}
  const { name, parent = '' } = def
  const { wwnn = '', wwpn = '' } = fcHost ?? {}
  const hba = hostDevice(files, 'scsi', sysname(parent), parent)
  const vport = hostDevice(files, 'scsi', sysname(name), name)
  const remove = portWrite(files, sysname(parent), 'vport_delete', { wwnn, wwpn })
  const intent = { verb: 'destroy', devices: [hba, vport], writable: [remove.write] } as const
  await makeChange(host, intent, options, async () => {
    refuseUnfinished(host, [hba, vport])
    refuseFor(vport, (await takeInventory(host, options)).uses.below(vport.real))
    const steps = [{ device: vport.key, do: remove }]
    const records = [{ ...vport, users: [] }]
    return { verb: 'destroy', devices: [hba, vport], steps, recovery: 'finish', records }
  })
}

const nameOf = (name: string): string => `scsi_${name}`
const sysname = (name: string): string => name.replace(/^scsi_/, '')

const portsOf = (files: HostFiles): (PortParent & { sysname: HostDevice['key'] })[] =>
  fcHosts(files).map(({ name, isOnline, vportOps, ...fcHost }) => ({
    name: nameOf(name),
    sysname: name,
    isOnline,
    fcHost,
    ...(vportOps && { vportOps }),
  }))

/** Kernels before 2.6.33 had these files with the SCSI host (`virVHBAManageVport`). */
function portFile(files: HostFiles, host: string, file: 'vport_create' | 'vport_delete'): string {
  const [path, older] = [`/sys/class/fc_host/${host}/${file}`, `/sys/class/scsi_host/${host}/${file}`]
  return exists(files, older) && !exists(files, path) ? older : path
}

/** The port's name comes first. */
function portWrite(
  files: HostFiles,
  host: string,
  file: 'vport_create' | 'vport_delete',
  port: PortNames,
): Action & { write: string } {
  const goal = { port, isThere: file === 'vport_create' }
  return { write: portFile(files, host, file), value: `${port.wwpn}:${port.wwnn}`, goal, slow: true }
}
