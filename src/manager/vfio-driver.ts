import { VirtError } from '../errors.js'
import { exists, namesIn, textOf } from '../host/plain-files.js'
import { Denied, type HostFiles } from '../os/host-files.js'
import type { PciFunction } from './pci-function.js'

/** A driver that holds devices for guests, and the kernel module that has it. */
export interface StubDriver {
  readonly driver: string
  readonly module: string
}

const vfioPci: StubDriver = { driver: 'vfio-pci', module: 'vfio-pci' }
const pciback: StubDriver = { driver: 'pciback', module: 'xen-pciback' }

/** What `driver` may be, beside the name of a variant of vfio-pci. */
const known: Readonly<Record<string, StubDriver>> = {
  'vfio-pci': vfioPci,
  xen: pciback,
  pciback,
  'xen-pciback': pciback,
}

/**
 * The driver that is to hold a device: the one asked for, by libvirt's word or the driver's name, or else the best that
 * VFIO has for it.
 *
 * @param modalias - what the kernel says of the device, for modules to match; of no matter where a name is asked for
 * @throws VirtError `argument-unsupported` for kvm, which kernels no longer have; `invalid-argument` for any other name
 */
export function chooseDriver(files: HostFiles, modalias: string | undefined, asked: string | undefined): StubDriver {
  if (asked === undefined || asked === 'vfio') return bestVfioDriver(files, modalias)
  const stub = Object.hasOwn(known, asked) ? known[asked] : undefined
  if (stub) return stub
  if (asked === 'kvm')
    throw new VirtError('argument-unsupported', 'the driver kvm is no longer in any kernel; leave it out to have vfio')
  const module = asked.replaceAll('-', '_')
  if (readVfioAliases(files).some((alias) => alias.module === module)) return { driver: asked, module }
  throw new VirtError(
    'invalid-argument',
    `${JSON.stringify(asked)} is no driver that holds devices for guests; there are vfio, xen and variants of vfio-pci`,
  )
}

/**
 * The most specific driver that says in `modules.alias` that it takes a device for VFIO, as libvirt 10.0 chooses it:
 * variants of vfio-pci know how to migrate some devices
 * (Documentation/driver-api/vfio-pci-device-specific-driver-acceptance.rst).
 */
function bestVfioDriver(files: HostFiles, modalias: string | undefined): StubDriver {
  if (modalias === undefined) return vfioPci
  const ids = modalias.replace(/^pci:/, '')
  const fitting = readVfioAliases(files).filter(({ pattern }) => matches(pattern, ids))
  const wildcards = ({ pattern }: VfioAlias) => pattern.split('*').length
  const [best] = fitting.sort((a, b) => wildcards(a) - wildcards(b))
  return best ? driverOfModule(files, best.module) : vfioPci
}

interface VfioAlias {
  readonly pattern: string
  readonly module: string
}

/** `alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci`: what VFIO drivers there are, and for what. */
function readVfioAliases(files: HostFiles): VfioAlias[] {
  const release = textOf(files, '/proc/sys/kernel/osrelease')
  const bytes = files.bytes(`/lib/modules/${release}/modules.alias`, 16 * 1024 * 1024)
  if (bytes instanceof Denied) return []
  const lines = new TextDecoder().decode(bytes).matchAll(/^alias vfio_pci:(\S+) (\S+)$/gm)
  return Array.from(lines, ([, pattern = '', module = '']) => ({ pattern, module }))
}

/** Modules name their drivers as themselves, with the exception of vfio_pci. */
function driverOfModule(files: HostFiles, module: string): StubDriver {
  const loaded = namesIn(files, `/sys/module/${module}/drivers`).find((name) => name.startsWith('pci:'))
  return { module, driver: loaded?.slice('pci:'.length) ?? (module === 'vfio_pci' ? 'vfio-pci' : module) }
}

/** Whether a text is what a pattern with `*` describes. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const [index, part] of rest.entries()) {
    const found = index === rest.length - 1 && part !== '' ? text.length - part.length : text.indexOf(part, at)
    if (found < at || !text.startsWith(part, found)) return false
    at = found + part.length
  }
  return rest.length > 0 || at === text.length
}

/** Whether a driver is one of those that hold devices for guests. */
export function isStub(files: HostFiles, { folder, driver }: PciFunction): boolean {
  if (driver === null) return false
  return ['vfio-pci', 'pciback', 'pci-stub'].includes(driver) || exists(files, `${folder}/vfio-dev`)
}
