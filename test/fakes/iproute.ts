import { VirtError } from '../../src/errors.js'
import type { CommandOutput } from '../../src/os/command.js'
import { Denied } from '../../src/os/host-files.js'
import type { KernelTree } from './kernel.js'

interface VfInfo {
  vf: number
  link_type: 'ether'
  address: string
  broadcast: string
  vlan_list: { vlan?: number; qos?: number; protocol?: string }[]
  spoofchk: boolean
  link_state: 'auto'
  trust: boolean
}

/**
 * Plays ip of iproute2 6.1 for what a network card says of its virtual functions: `ip -json link show dev PF` and
 * `ip link set dev PF vf N …`. It is kept in the tree.
 *
 * @param strict - whether the driver refuses six zeros for a hardware address, as some do
 */
export function ip(tree: KernelTree, argv: readonly string[], { strict }: { strict: boolean }): CommandOutput {
  const fail = (stderr: string, exitStatus = 2) =>
    new VirtError('operation-failed', `ip ended with status ${exitStatus}: ${stderr}`, { argv, exitStatus, stderr })
  const pf = argv[argv.indexOf('dev') + 1] ?? ''
  const device = tree.real(`/sys/class/net/${pf}/device`)
  if (device instanceof Denied) throw fail(`Device "${pf}" does not exist.`, 1)
  const file = `/run/played/vf-of-${pf}`
  const kept = read(tree, file)
  const vfs: VfInfo[] = Array.from({ length: Number(read(tree, `${device}/sriov_numvfs`) ?? 0) }, (_, vf) => ({
    vf,
    link_type: 'ether',
    address: '00:00:00:00:00:00',
    broadcast: 'ff:ff:ff:ff:ff:ff',
    vlan_list: [{}],
    spoofchk: true,
    link_state: 'auto',
    trust: false,
  }))
  const changed = (kept === undefined ? {} : JSON.parse(kept)) as Record<number, Partial<VfInfo>>
  if (argv.includes('show')) {
    const vfinfo_list = vfs.map((info) => ({ ...info, ...changed[info.vf] }))
    return { stdout: JSON.stringify([{ ifname: pf, ...(vfs.length > 0 && { vfinfo_list }) }]), stderr: '' }
  }
  const vf = Number(argv[argv.indexOf('vf') + 1])
  if (!vfs[vf]) throw fail('RTNETLINK answers: Invalid argument')
  const word = (name: string) => (argv.includes(name) ? argv[argv.indexOf(name) + 1] : undefined)
  const [mac, vlan, qos, proto] = ['mac', 'vlan', 'qos', 'proto'].map(word)
  if (strict && mac === '00:00:00:00:00:00') throw fail('RTNETLINK answers: Invalid argument')
  const tag = {
    ...(Number(vlan) && { vlan: Number(vlan) }),
    ...(Number(qos) && { qos: Number(qos) }),
    ...(proto !== undefined && { protocol: proto }),
  }
  const [spoofchk, trust] = ['spoofchk', 'trust'].map(word)
  changed[vf] = {
    ...changed[vf],
    ...(mac !== undefined && { address: mac }),
    ...(vlan !== undefined && { vlan_list: [tag] }),
    ...(spoofchk !== undefined && { spoofchk: spoofchk === 'on' }),
    ...(trust !== undefined && { trust: trust === 'on' }),
  }
  tree.set(file, JSON.stringify(changed))
  return { stdout: '', stderr: '' }
}

function read(tree: KernelTree, path: string): string | undefined {
  const bytes = tree.bytes(path)
  return bytes instanceof Denied ? undefined : new TextDecoder().decode(bytes)
}
