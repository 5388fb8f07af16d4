import type { Ability } from '../backend.js'
import { VirtError } from '../errors.js'
import { exists, namesIn } from '../host/plain-files.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import type { ManagedHost } from './managed-host.js'
import { hasModule, moduleRemedy, vfioFindings } from './vfio-support.js'

/** What this host can be asked to change, and for each thing that is missing for that, what would help. */
export async function abilities(host: ManagedHost): Promise<Ability[]> {
  const lacks = [...rights(host), ...(await commands(host, ['dd', 'flock']))]
  const mdevctl = await commands(host, ['mdevctl'])
  const isolation = vfioFindings(host.files).map(({ message, remedy }) => ({
    reason: `a PCI device ${message}`,
    ...(remedy !== undefined && { remedy }),
  }))
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

const row = (call: string, problems: readonly Problem[]): Ability[] =>
  problems.length === 0 ? [{ call, can: true }] : problems.map((problem) => ({ call, can: false, ...problem }))

/** What guests of QEMU can be given here, as far as the kernel's modules decide that. */
export function guestAbilities({ files }: Pick<ManagedHost, 'files'>): Ability[] {
  return row('domains.attach', [...scsiGeneric(files), ...vhostScsi(files)])
}

/** What guests of Xen can be given here. */
export function xenAbilities({ files }: Pick<ManagedHost, 'files'>): Ability[] {
  if (exists(files, '/sys/bus/pci/drivers/pciback')) return row('devices.detach', [])
  const reason = 'a PCI device cannot be held for guests: this dom0 has no pciback'
  return row('devices.detach', [{ reason, remedy: moduleRemedy(files, 'xen-pciback') }])
}

/** QEMU reaches a SCSI device by its generic node, for which the kernel loads no module by itself. */
function scsiGeneric(files: HostFiles): Problem[] {
  const units = namesIn(files, '/sys/bus/scsi/devices').filter((name) => /^\d+(:\d+){3}$/.test(name))
  if (units.length === 0 || namesIn(files, '/sys/class/scsi_generic').length > 0) return []
  return [{ reason: 'a SCSI device has no generic node', remedy: moduleRemedy(files, 'sg') }]
}

/** Only where the kernel's own SCSI server runs can there be a target for it. */
function vhostScsi(files: HostFiles): Problem[] {
  if (!exists(files, '/sys/kernel/config/target') || exists(files, '/dev/vhost-scsi')) return []
  const isLoaded = exists(files, '/sys/module/vhost_scsi')
  const remedy = isLoaded ? 'in a container: pass /dev/vhost-scsi in' : moduleRemedy(files, 'vhost_scsi')
  return [{ reason: 'a vhost-scsi target is reached by /dev/vhost-scsi, which is not there', remedy }]
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
