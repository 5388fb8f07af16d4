import { type Finding, finding } from '../../model/finding.js'
import type { HostDevice } from '../host-device.js'
import type { Inventory } from './inventory.js'

/**
 * Who has a device: the guest that the book names, and whoever has one of its nodes open; and whether a
 * change of it was cut off.
 */
export async function useFindings(
  { book, holders, unfinished }: Inventory,
  device: HostDevice,
  nodes: readonly string[],
): Promise<Finding[]> {
  const users = (await book.get(device))?.users ?? []
  const cutOff = unfinished.filter(({ change }) => change.devices.some(({ key }) => key === device.key))
  return [
    ...users.map(({ driver, domain }) => inUse(`driver ${driver}, domain ${domain}`, { driver, domain })),
    ...nodes.flatMap((node) =>
      (holders.get(node) ?? []).map(({ pid, program, domain }) =>
        domain === undefined
          ? inUse(`${program}, process ${pid}`, { program, pid, node })
          : inUse(`driver QEMU, domain ${domain}`, { driver: 'QEMU', domain, pid, node }),
      ),
    ),
    ...cutOff.map(({ change: { verb }, pid }) =>
      finding('unfinished', `was left by process ${pid} in the middle of a ${verb}`, {
        remedy: 'recover it: hostdev recover',
        verb,
        pid,
      }),
    ),
  ]
}

const inUse = (by: string, facts: Finding['facts']): Finding =>
  finding('in-use', `is in use by ${by}`, { remedy: 'detach it from there first', ...facts })
