import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from '../source-tree.js'
import { readDeviceSet } from './device-set.js'
import { labFolder, type MachineName, sources } from './images.js'
import { Machine } from './machine.js'

const { env } = process
const kernel = join(labFolder, 'kernel/vmlinux')
const initrd = join(labFolder, 'initrd/initrd')

/** The machine of that name, running or not. */
export function machine(name: MachineName): Machine {
  return new Machine(join(labFolder, 'run', name))
}

/** Boots a machine that has been built; the guest sees the folder `project`, read-only, as /project. */
export async function boot(name: MachineName, project: string = root): Promise<Machine> {
  const board = boards[name]()
  const devices = readFileSync(resolve(env.LAB_DEVICES ?? join(sources, 'devices', board.devices)), 'utf8')
  const { options, disks } = readDeviceSet(devices, { IMAGES: join(labFolder, name) })
  const argv = [...board.argv, ...plumbing(name, project, board.virtio), ...options]
  const booted = machine(name)
  await booted.start({ argv, disks, guest: join(sources, 'guest'), timeout: 180_000 })
  return booted
}

/** What differs between the machines. */
interface Board {
  readonly argv: readonly string[]
  /** The file of its devices, unless $LAB_DEVICES names another. */
  readonly devices: string
  /** Options of the virtio devices that carry the root disk and the shared folders. */
  readonly virtio: string
}

const boards: Record<MachineName, () => Board> = {
  lab() {
    const type = env.LAB_MACHINE ?? 'q35'
    const q35 = type.includes('q35')
    const append = ['intel_iommu=on apparmor=0 audit=0 mitigations=off nokaslr', env.LAB_APPEND ?? '']
    return {
      devices: q35 ? 'q35.args' : 'pc.args',
      virtio: '',
      argv: [
        ...['-machine', q35 ? `${type},kernel-irqchip=split` : type, '-accel', accelerator, '-smp', '2'],
        ...['-cpu', env.LAB_CPU ?? 'max,la57=off', '-m', env.LAB_MEMORY ?? '3072', '-nodefaults', '-no-user-config'],
        ...(q35 ? ['-device', 'intel-iommu,intremap=on,caching-mode=on,device-iotlb=on'] : []),
        ...['-kernel', kernel, '-initrd', initrd, '-append', `console=ttyS0 quiet MACHINE=lab ${append.join(' ')}`],
      ],
    }
  },
  xen() {
    throw new Error('Xen cannot be booted yet.')
  },
}

const accelerator = env.LAB_ACCEL ?? 'tcg,thread=multi,tb-size=512'

// The first PCI slots: the guest's disk is /dev/vda, and the device sets may use the others.
function plumbing(name: MachineName, project: string, virtio: string): string[] {
  const disk = join(labFolder, name, 'root.ext4')
  const shared = (tag: string, addr: string) => [
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag},addr=${addr}${virtio}`,
  ]
  return [
    ...['-drive', `if=none,id=root,file=${disk},format=raw,snapshot=on,cache=unsafe`],
    ...['-device', `virtio-blk-pci,drive=root,addr=0x3,serial=labroot${virtio}`],
    ...['-fsdev', 'local,id=lab,path=share,security_model=none', ...shared('lab', '0x4')],
    ...['-fsdev', `local,id=project,path=${project},security_model=none,readonly=on`, ...shared('project', '0x5')],
  ]
}
