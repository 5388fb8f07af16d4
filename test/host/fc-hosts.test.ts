import { describe, expect, it } from 'vitest'
import { fcHost, fcHostByWwn, fcHostForVport, fcHosts } from '../../src/host/fc-hosts.js'
import { type MemoryFile, MemoryFiles } from '../../src/os/host-files-memory.js'

/** A port with names that end in its number, and its virtual ports in use of those it can have. */
const port = (number: number, state: string, vports?: readonly [used: number, of: number]): [string, MemoryFile][] => {
  const at = `/sys/class/fc_host/host${number}`
  const inUse: [string, MemoryFile][] = vports
    ? [
        [`${at}/npiv_vports_inuse`, `${vports[0]}\n`],
        [`${at}/max_npiv_vports`, `${vports[1]}\n`],
      ]
    : []
  return [
    [`${at}/node_name`, `0x200100000000000${number}\n`],
    [`${at}/port_name`, `0x210100000000000${number}\n`],
    [`${at}/port_state`, `${state}\n`],
    ...inUse,
  ]
}

const files = new MemoryFiles([
  ...port(6, 'Online', [10, 9]),
  ...port(5, 'Online'),
  ...port(4, 'Linkdown', [0, 127]),
  ...port(7, 'Online', [9, 10]),
  ['/sys/class/fc_host/host8/port_name', '0x1\n'],
])

describe('the Fibre Channel ports of a host', () => {
  it('are listed by number, as far as their names can be read', () => {
    expect(fcHosts(files).map(({ name }) => name)).toEqual(['host4', 'host5', 'host6', 'host7'])
    expect(fcHosts(new MemoryFiles())).toEqual([])
  })

  it('say what they are', () => {
    expect([fcHost(files, 'host4'), fcHost(files, 'host9')]).toEqual([
      {
        name: 'host4',
        wwnn: '2001000000000004',
        wwpn: '2101000000000004',
        isOnline: false,
        vportOps: { vports: 0, maxVports: 127 },
      },
      undefined,
    ])
  })

  it('are found by their names, in any case', () => {
    expect(fcHostByWwn(fcHosts(files), '2001000000000005', '2101000000000005')?.name).toBe('host5')
    expect(fcHostByWwn(fcHosts(files), '2001000000000005', '2101000000000004')).toBeUndefined()
  })

  it('are fit for another virtual port when they are online and have one left, counted as numbers', () => {
    expect(fcHostForVport(fcHosts(files))?.name).toBe('host7')
  })
})
