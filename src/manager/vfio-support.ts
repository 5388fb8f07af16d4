import { exists, linesOf, namesIn, textOf } from '../host/plain-files.js'
import { type Finding, finding } from '../model/finding.js'
import type { HostFiles } from '../os/host-files.js'

/** What this host lacks for holding PCI devices by VFIO; nothing when all is there. */
export function vfioFindings(files: HostFiles): Finding[] {
  if (namesIn(files, '/sys/kernel/iommu_groups').length === 0)
    return [finding('no-iommu', 'cannot be isolated: this host has no IOMMU groups', { remedy: iommuRemedy(files) })]
  if (!exists(files, '/sys/module/vfio_pci')) {
    if (hasModule(files, 'vfio-pci')) return []
    const remedy = 'install all modules of the kernel (linux-modules-extra), or one built with CONFIG_VFIO_PCI'
    return [finding('no-vfio', 'cannot be held: this kernel has no vfio-pci', { remedy })]
  }
  if (exists(files, '/dev/vfio/vfio')) return []
  const remedy = 'in a container: pass /dev/vfio in; else: restart udev, or create it with mknod'
  return [finding('no-vfio', 'cannot be held: /dev/vfio/vfio is missing', { remedy })]
}

/** How to come to an IOMMU here: what is missing can be the machine, the firmware's or the kernel's setting. */
function iommuRemedy(files: HostFiles): string {
  const cpu = linesOf(files, '/proc/cpuinfo').join('\n')
  const commandLine = textOf(files, '/proc/cmdline')?.split(/\s+/) ?? []
  const hasTable = (name: string) => exists(files, `/sys/firmware/acpi/tables/${name}`)
  if (/^vendor_id\s*: GenuineIntel/m.test(cpu)) {
    if (hasTable('DMAR')) return 'boot the kernel with intel_iommu=on'
    return isVirtual(cpu) ? virtualRemedy : 'switch VT-d on in the firmware, and boot the kernel with intel_iommu=on'
  }
  if (/^vendor_id\s*: AuthenticAMD/m.test(cpu)) {
    if (commandLine.includes('amd_iommu=off')) return 'boot the kernel without amd_iommu=off'
    return isVirtual(cpu) && !hasTable('IVRS') ? virtualRemedy : 'switch AMD-Vi (IOMMU) on in the firmware'
  }
  return "switch the IOMMU on in the firmware, and in the kernel's command line"
}

const virtualRemedy = 'this is a virtual machine: give it a virtual IOMMU'
const isVirtual = (cpu: string): boolean => /^flags\s*:.*\bhypervisor\b/m.test(cpu)

/** How to come to a module that is not there: nobody but its user has it loaded. */
export const moduleRemedy = (files: HostFiles, module: string): string =>
  hasModule(files, module)
    ? `load the module: modprobe ${module}`
    : `install all modules of the kernel (linux-modules-extra), or one with ${module}`

/** Whether a module is built into the kernel or can be loaded; of a host that keeps no list of them, it may be. */
export function hasModule(files: HostFiles, module: string): boolean {
  const folder = `/lib/modules/${textOf(files, '/proc/sys/kernel/osrelease')}`
  const listed = ['modules.dep', 'modules.builtin'].flatMap((list) => linesOf(files, `${folder}/${list}`))
  const pattern = new RegExp(`/${module}\\.ko(\\.\\w+)?(:|$)`)
  return listed.length === 0 || listed.some((line) => pattern.test(line))
}
