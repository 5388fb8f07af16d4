/**
 * What can be found out about giving a device away, and how grave it is: with a `blocker` it does not work, a `danger`
 * harms the host, a `note` is good to know.
 */
export const findingSeverities = {
  /** The device is a part or a face of another, which can be given away. */
  'not-assignable': 'blocker',
  /** A guest has it. */
  'in-use': 'blocker',
  /** A change of it was cut off. */
  unfinished: 'blocker',
  /** A bridge to further buses. */
  bridge: 'blocker',
  /** It does not answer on its bus. */
  inaccessible: 'blocker',
  /** The host has no IOMMU, or does not use it. */
  'no-iommu': 'blocker',
  /** The IOMMU does not cover this device. */
  'no-iommu-group': 'blocker',
  /** The kernel has no VFIO. */
  'no-vfio': 'blocker',
  /** Another device of its IOMMU group is in the hands of the host. */
  'group-not-viable': 'blocker',
  /** A USB hub. */
  hub: 'blocker',
  /** No SCSI generic node. */
  'no-scsi-generic': 'blocker',
  /** The root file system is on it. */
  'root-disk': 'danger',
  /** Another file system is mounted from it. */
  mounted: 'danger',
  /** The host swaps to it. */
  swap: 'danger',
  /** An LVM volume, a RAID array or another device is made of it. */
  'in-volume': 'danger',
  /** Whether the host uses it cannot be seen from here, as in a container. */
  unseen: 'danger',
  /** The default route leads through it. */
  'default-route': 'danger',
  /** A network interface has addresses of the host. */
  addresses: 'danger',
  /** A network interface is part of a bridge or bond, or has a VLAN on it. */
  enslaved: 'danger',
  /** The connection by which this very program is used runs through it. */
  'ssh-session': 'danger',
  /** The display that the firmware has started on. */
  'boot-vga': 'danger',
  /** A console of the kernel. */
  console: 'danger',
  /** A monitor shows what it draws. */
  display: 'danger',
  /** A keyboard or a pointing device. */
  input: 'danger',
  /** A program of the host has it open. */
  open: 'danger',
  /** Its virtual functions vanish with its driver. */
  'virtual-functions': 'danger',
  /** It is detached from the host already. */
  detached: 'note',
  /** What else is in its IOMMU group. */
  group: 'note',
  /** Why its IOMMU group is as large as it is. */
  'no-acs': 'note',
  /** How it can be reset between guests, or that it cannot. */
  reset: 'note',
  /** A network interface is up. */
  up: 'note',
  /** It has an option ROM. */
  rom: 'note',
} as const

/** A stable name for one kind of finding; programs tell findings apart by it. */
export type FindingCode = keyof typeof findingSeverities

/** How grave a finding is. */
export type FindingSeverity = (typeof findingSeverities)[FindingCode]

/** One thing found out about giving a device away. */
export interface Finding {
  readonly code: FindingCode
  readonly severity: FindingSeverity
  /** The rest of a sentence that the device begins: `holds the root file system`. */
  readonly message: string
  /** What would help. */
  readonly remedy?: string
  /** What the sentence is made of, for programs: names, addresses, mount points. */
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>
}

/** Whether a device can be given to a guest, and all that speaks for and against it. */
export interface Assignability {
  /** No blocker and no danger was found. */
  readonly assignable: boolean
  /** The gravest first. */
  readonly findings: readonly Finding[]
}

/** A finding, its severity taken from the table. */
export const finding = (
  code: FindingCode,
  message: string,
  {
    remedy,
    ...facts
  }: { readonly remedy?: string | undefined } & Record<string, Finding['facts'][string] | undefined> = {},
): Finding => ({
  code,
  severity: findingSeverities[code],
  message,
  ...(remedy !== undefined && { remedy }),
  facts: Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as Finding['facts'],
})

const order: readonly FindingSeverity[] = ['blocker', 'danger', 'note']

/** What a list of findings comes to. */
export function assignabilityOf(findings: readonly Finding[]): Assignability {
  const sorted = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
  return { assignable: sorted.every(({ severity }) => severity === 'note'), findings: sorted }
}
