import { capabilityOf, type NodeDeviceDef } from '../../model/node-device.js'
import { newPortNames, type PortParent, vportParent } from '../../model/vport.js'
import type { MockDevice, MockHost } from './host.js'

/** Makes a virtual Fibre Channel port. */
export function createVport(host: MockHost, def: NodeDeviceDef): string {
  const ports = portsOf(host)
  const parent = vportParent(ports, def)
  const fcHost = newPortNames(ports, def)
  const number = Math.max(...ports.map((port) => port.number)) + 1
  const name = `scsi_host${number}`
  const { path } = host.device(parent.name).def
  host.add({
    name,
    ...(path !== undefined && { path: `${path}/vport-0:0-${number}/host${number}` }),
    parent: parent.name,
    capabilities: [{ kind: 'scsi_host', host: number, uniqueId: number, fcHost }],
  })
  if (parent.vportOps) parent.vportOps.vports++
  host.tell({ kind: 'created', device: name })
  return name
}

/** Takes a virtual port away. */
export function deleteVport(host: MockHost, { def }: MockDevice): void {
  const vports = capabilityOf(host.device(def.parent ?? '').def, 'scsi_host')?.vportOps
  if (vports) vports.vports--
  host.devices.delete(def.name)
  host.tell({ kind: 'deleted', device: def.name }, def)
}

function portsOf({ devices }: MockHost): (PortParent & { number: number })[] {
  return [...devices.values()].flatMap(({ def }) => {
    const scsi = capabilityOf(def, 'scsi_host')
    return scsi ? [{ ...scsi, name: def.name, isOnline: true, number: scsi.host }] : []
  })
}
