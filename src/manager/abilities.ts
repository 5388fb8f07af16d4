import type { Ability } from '../backend.js'
import { VirtError } from '../errors.js'
import { Denied } from '../os/host-files.js'
import { exists } from './host-text.js'
import type { ManagedHost } from './managed-host.js'
import { hasModule, vfioFindings } from './vfio-support.js'

/** What this host can be asked to change, and for each thing that is missing for that, what would help. */
export async function abilities(host: ManagedHost): Promise<Ability[]> {
  const lacks = [...rights(host), ...(await commands(host, ['dd', 'flock']))]
  const mdevctl = await commands(host, ['mdevctl'])
  const isolation = vfioFindings(host.files).map(({ message, remedy }) => ({
    reason: `a PCI device ${message}`,
    ...(remedy !== undefined && { remedy }),
  }))
  const row = (call: string, problems: readonly Problem[]): Ability[] =>
    problems.length === 0 ? [{ call, can: true }] : problems.map((problem) => ({ call, can: false, ...problem }))
  return [
    ...row('devices.detach', [...lacks, ...isolation]),
    ...row('devices.reattach', lacks),
    ...row('devices.reset', lacks),
    ...row('devices.create', lacks),
    ...row('devices.start', [...lacks, ...mediation(host)]),
    ...row('devices.destroy', lacks),
    ...row('devices.setVirtualFunctions', lacks),
    ...definitionCalls.flatMap((call) => row(call, [...lacks, ...mdevctl])),
  ]
}

/** What mdevctl does. */
const definitionCalls = ['devices.define', 'devices.undefine', 'devices.setAutostart', 'devices.update'] as const

interface Problem {
  readonly reason: string
  readonly remedy?: string
}

/** drivers_probe stands for all files that a change writes to: it belongs to root, and is below /sys as they are. */
function rights({ writes }: ManagedHost): Problem[] {
  const allowed = writes.allowed('/sys/bus/pci/drivers_probe')
  if (!(allowed instanceof Denied)) return []
  if (allowed.errno === 'EROFS')
    return [{ reason: '/sys is mounted read-only', remedy: 'run on the host, or in a container that is privileged' }]
  if (allowed.errno === 'ENOENT') return [{ reason: 'this host has no PCI bus' }]
  return [{ reason: 'this user may not change drivers', remedy: 'run as root, or with sudo' }]
}

/** What a defined device is started by. */
function mediation({ files }: ManagedHost): Problem[] {
  if (exists(files, '/sys/class/mdev_bus') || hasModule(files, 'mdev')) return []
  return [
    {
      reason: 'this kernel has no mediated devices: there is no module mdev',
      remedy: 'install all modules of the kernel (linux-modules-extra), or one built with CONFIG_VFIO_MDEV',
    },
  ]
}

/** Which of the programs that a change runs are not there. */
async function commands({ run }: ManagedHost, programs: readonly string[]): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const program of programs)
    try {
      await run([program, '--version'])
    } catch (error) {
      if (!VirtError.is(error, 'unsupported')) throw error
      problems.push({ reason: `${program} is not installed`, remedy: `install ${packages[program]}` })
    }
  return problems
}

const packages: Readonly<Record<string, string>> = { dd: 'coreutils', flock: 'util-linux', mdevctl: 'mdevctl' }
