import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from '../source-tree.js'
import { readDeviceSet } from './device-set.js'
import { imagesOf, labFolder, type MachineName, qemu, sources } from './images.js'
import { Machine } from './machine.js'

const { env } = process
const kernel = join(labFolder, 'kernel/vmlinux')
const initrd = join(labFolder, 'initrd/initrd')

/** The machine of that name, running or not. */
export function machine(name: MachineName): Machine {
  return new Machine(join(labFolder, 'run', name))
}

/** What may be chosen about a boot. */
export interface BootOptions {
  /** The folder that the guest sees, read-only, as /project: this checkout, unless another is named. */
  readonly project?: string | undefined
  /** Xen has an IOMMU, which PCI assignment needs, or hardware assistance for HVM guests; QEMU has not both. */
  readonly iommu?: boolean | undefined
}

/** Boots a machine that has been built. */
export async function boot(name: MachineName, { project = root, iommu = false }: BootOptions = {}): Promise<Machine> {
  const board = boards[name](iommu)
  const images = join(labFolder, imagesOf(name))
  const devices = readFileSync(resolve(join(sources, 'devices'), board.devices), 'utf8')
  const { options, disks } = readDeviceSet(devices, { IMAGES: images })
  const argv = [...board.argv, ...plumbing(images, project, board.virtio), ...options]
  const booted = machine(name)
  await booted.start({ ...qemu(name), argv, disks, guest: join(sources, 'guest'), timeout: 600_000 })
  return booted
}

/** What differs between the machines. */
interface Board {
  readonly argv: readonly string[]
  /** The file of its devices: one of devices/, unless it has a path. */
  readonly devices: string
  /** Options of the virtio devices that carry the root disk and the shared folders. */
  readonly virtio: string
}

const boards: Record<MachineName, (iommu: boolean) => Board> = {
  lab() {
    const type = env.LAB_MACHINE ?? 'q35'
    return debian(type, env.LAB_DEVICES ?? (type.includes('q35') ? 'q35.args' : 'pc.args'), env.LAB_MEMORY ?? '3072')
  },
  sriov: () => debian('q35', 'sriov.args', '1024'),
  xen(iommu) {
    // Xen loads its dom0's kernel and initramfs as modules. It has no driver for the console but the dom0's hvc0.
    const dom0 = `${kernel} console=hvc0 quiet MACHINE=xen,${initrd}`
    return {
      devices: env.LAB_DEVICES ?? 'xen.args',
      // A dom0's pages are not where it believes: devices have to go through its DMA addresses.
      virtio: ',disable-legacy=on,iommu_platform=on',
      argv: [
        ...['-machine', 'q35', '-accel', accelerator, '-smp', '1'],
        ...['-m', env.LAB_MEMORY ?? '3072', '-nodefaults', '-no-user-config'],
        ...(iommu ? ['-cpu', 'qemu64,vendor=GenuineIntel', '-device', 'intel-iommu,intremap=on'] : []),
        ...(iommu ? [] : ['-cpu', 'qemu64,+svm,+npt']),
        ...['-kernel', join(labFolder, 'kernel/xen'), '-initrd', dom0],
        ...['-append', `console=com1 com1=115200,8n1 dom0_mem=1536M,max:1536M ${env.LAB_APPEND ?? ''}`],
      ],
    }
  },
}

/** The lab host, on a board of that type. */
function debian(type: string, devices: string, memory: string): Board {
  const q35 = type.includes('q35')
  const append = ['intel_iommu=on no_timer_check apparmor=0 audit=0 mitigations=off nokaslr', env.LAB_APPEND ?? '']
  return {
    devices,
    virtio: '',
    argv: [
      ...['-machine', q35 ? `${type},kernel-irqchip=split` : type, '-accel', accelerator, '-smp', '2'],
      ...['-cpu', env.LAB_CPU ?? 'max,la57=off', '-m', memory, '-nodefaults', '-no-user-config'],
      ...(q35 ? ['-device', 'intel-iommu,intremap=on,caching-mode=on,device-iotlb=on'] : []),
      ...['-kernel', kernel, '-initrd', initrd, '-append', `console=ttyS0 quiet MACHINE=lab ${append.join(' ')}`],
    ],
  }
}

const accelerator = env.LAB_ACCEL ?? 'tcg,thread=multi,tb-size=512'

// What every machine has. The first PCI slots: the guest's disk is /dev/vda, and the device sets may use the others.
function plumbing(images: string, project: string, virtio: string): string[] {
  const disk = join(images, 'root.ext4')
  const shared = (tag: string, addr: string) => [
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag},addr=${addr}${virtio}`,
  ]
  return [
    // Without one of its own libvirtd makes up another at each start.
    ...['-uuid', '1ab00000-0000-4000-8000-000000000001'],
    ...['-drive', `if=none,id=root,file=${disk},format=raw,snapshot=on,cache=unsafe`],
    ...['-device', `virtio-blk-pci,drive=root,addr=0x3,serial=labroot${virtio}`],
    ...['-fsdev', 'local,id=lab,path=share,security_model=none', ...shared('lab', '0x4')],
    ...['-fsdev', `local,id=project,path=${project},security_model=none,readonly=on`, ...shared('project', '0x5')],
  ]
}
