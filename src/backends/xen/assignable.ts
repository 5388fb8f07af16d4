import type { CallOptions, ChangeOptions, DetachOptions, DeviceDriver } from '../../backend.js'
import { errorDomains, VirtError } from '../../errors.js'
import { generateName } from '../../host/names.js'
import { Book } from '../../manager/book.js'
import type { Step } from '../../manager/change.js'
import { makeChange, refuseFor } from '../../manager/make-change.js'
import type { ManagedHost } from '../../manager/managed-host.js'
import { type PciFunction, readPciFunction } from '../../manager/pci-function.js'
import { takeInventory } from '../../manager/preflight/inventory.js'
import { pciFindings } from '../../manager/preflight/pci-findings.js'
import { assignabilityOf, finding } from '../../model/finding.js'
import type { HostStep } from '../../model/host-step.js'
import { capabilityOf } from '../../model/node-device.js'
import { formatPciAddress } from '../../model/pci-address.js'
import { driverMemory, holderMemory, pciHolder, readPciHolders } from './pci-store.js'
import { assignableSteps, unassignableSteps } from './pciback.js'
import { possibleVia } from './via.js'
import type { XenHost } from './xen-host.js'

type ChangeCalls = Pick<Required<DeviceDriver>, 'detach' | 'reattach'>

/** What libvirt and Xen's own tools call the driver that holds devices for guests. */
const names = ['xen', 'pciback', 'xen-pciback']

/**
 * Making PCI functions assignable and giving them back, as libxl does it, in place of a Linux host's own way; all other
 * devices go that way. Answers to `libxlNodeDeviceDetachFlags` and `libxlNodeDeviceReAttach`.
 */
export function assignableCalls(host: XenHost, managed: ManagedHost, others: ChangeCalls): ChangeCalls {
  const pciOf = async (name: string, { signal }: CallOptions): Promise<PciFunction | undefined> => {
    const def = await host.devices.lookup(name, signal ? { signal } : {})
    const pci = def && capabilityOf(def, 'pci')
    return pci && readPciFunction(host.files, formatPciAddress(pci))
  }
  return {
    async detach(name, options) {
      const pci = await pciOf(name, options)
      if (!pci) return await others.detach(name, options)
      const { driver } = options
      if (driver !== undefined && !names.includes(driver))
        throw new VirtError('invalid-argument', `${JSON.stringify(driver)} holds no devices for Xen; leave it out`, {
          device: name,
          errorDomain: errorDomains.xen,
        })
      return await makeAssignable(host, managed, pci, options)
    },
    async reattach(name, options) {
      const pci = await pciOf(name, options)
      return pci && (await isXens(host, pci))
        ? await giveBack(host, managed, pci, options)
        : await others.reattach(name, options)
    },
  }
}

/** What speaks for and against giving devices away, with the guests that xenstore says have PCI functions. */
export function xenAssignability(
  { store }: Pick<XenHost, 'store'>,
  linux: Required<DeviceDriver>['assignability'],
): Required<DeviceDriver>['assignability'] {
  return async (names, options) => {
    const [answers, holders] = await Promise.all([linux(names, { for: 'xen', ...options }), readPciHolders(store)])
    const withHolders = new Map(answers)
    for (const [address, holder] of holders) {
      const name = generateName('pci', address)
      const findings = answers.get(name)?.findings
      if (!findings || findings.some(({ code }) => code === 'in-use')) continue
      const inUse = finding('in-use', `is in use by the guest ${holder} of Xen`, {
        remedy: 'detach it from there first',
        domain: String(holder),
      })
      withHolders.set(name, assignabilityOf([...findings, inUse]))
    }
    return withHolders
  }
}

/** Whether pciback has a function, or xl has taken it from there and left it without a driver. */
export async function isXens({ store }: XenHost, { driver, address }: PciFunction): Promise<boolean> {
  return driver === 'pciback' || (driver === null && (await store.read(driverMemory(address))) !== undefined)
}

/** @throws VirtError `operation-invalid` when a guest has it, or the host needs it and `force` was not said */
async function makeAssignable(
  host: XenHost,
  managed: ManagedHost,
  { key, name, address, folder }: PciFunction,
  options: DetachOptions,
): Promise<HostStep[]> {
  const writable = [`${folder}/driver/unbind`, '/sys/bus/pci/drivers_probe']
  const intent = { verb: 'detach', devices: [{ key, name }], writable } as const
  return await makeChange(managed, intent, options, async () => {
    const device = readPciFunction(host.files, address)
    const inventory = await takeInventory(managed, { ...options, for: 'xen' })
    refuseFor(device, await pciFindings(inventory, device), { force: options.force ?? false })
    if (device.driver === 'pciback') return undefined
    const steps = await assignableSteps(managed, device, await possibleVia(host))
    const users = (await new Book(managed).get(device))?.users ?? []
    return {
      verb: 'detach',
      devices: [device],
      steps,
      recovery: 'undo',
      records: [{ key, name, inode: device.inode, users, detached: { driver: 'pciback', steps } }],
    }
  })
}

/**
 * Gives a function to the driver that it had.
 *
 * @throws VirtError `operation-invalid` when a guest has it; `unsupported` when it would have
 * to be freed by a hypercall
 */
export async function giveBack(
  host: XenHost,
  managed: ManagedHost,
  { key, name, address }: PciFunction,
  options: ChangeOptions,
): Promise<HostStep[]> {
  const intent = { verb: 'reattach', devices: [{ key, name }], writable: ['/sys/bus/pci/drivers_probe'] } as const
  return await makeChange(managed, intent, options, async () => {
    const device = readPciFunction(host.files, address)
    const freeing = await freeSteps(host, device)
    const inventory = await takeInventory(managed, { ...options, for: 'xen' })
    refuseFor(
      device,
      (await pciFindings(inventory, device)).filter(({ code }) => code === 'in-use' || code === 'unfinished'),
    )
    const record = await new Book(managed).get(device)
    const via = await possibleVia(host)
    const isQuarantined =
      !record?.detached || record.detached.steps.some(({ do: it }) => it && 'run' in it && it.run[0] === 'xl')
    if (via === 'xenstore' && isQuarantined && device.driver === 'pciback') throw quarantined(name)
    return {
      verb: 'reattach',
      devices: [device],
      steps: [...freeing, ...(await unassignableSteps(managed, device, via))],
      recovery: 'finish',
      records: [{ key, name, inode: device.inode, users: record?.users ?? [] }],
    }
  })
}

const quarantined = (name: string): VirtError =>
  new VirtError(
    'unsupported',
    `${name} may be in Xen's quarantine, in which it reaches no memory of dom0, whatever its driver; only xl can end that: ` +
      "open the host with via 'auto', or run xl pci-assignable-remove",
    { device: name, errorDomain: errorDomains.xen },
  )

/**
 * Makes sure that no guest has a function. Answers the steps that take away what xenstore says of a guest that is gone:
 * xl gives a function so marked to nobody.
 *
 * @throws VirtError `operation-invalid` when xenstore says that a guest has it
 */
export async function freeSteps({ store }: XenHost, { key, name, address }: PciFunction): Promise<Step[]> {
  const holder = await pciHolder(store, address)
  if (holder === undefined) {
    const node = holderMemory(address)
    const stale = await store.read(node)
    return stale === undefined ? [] : [{ device: key, do: { store: node, value: null, replacing: stale } }]
  }
  throw new VirtError('operation-invalid', `${name} is in use by the guest ${holder} of Xen; detach it there first`, {
    device: name,
    domain: String(holder),
    errorDomain: errorDomains.xen,
  })
}
