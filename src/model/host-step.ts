/**
 * One thing that is done to a host: a value written to a file of /sys or to xenstore, a
 * command, or an edit of a config.
 */
export type HostStep =
  | { readonly write: string; readonly value: string }
  /** `null` removes it. */
  | { readonly store: string; readonly value: string | null }
  | { readonly run: readonly string[] }
  | ConfigStep

/** A word that is put into a list of a container's config, or taken from it. */
export interface ConfigStep {
  /** Path of the config. */
  readonly edit: string
  /** Name of the list: NETDEV, DEVNODES, DEVICES, PCI, NETIF. */
  readonly key: string
  readonly word: string
  /** Whether the list is to have it. */
  readonly present: boolean
}

/** A step as one line, to be read rather than run: `"vfio-pci" > /sys/…/driver_override`. */
export function describeStep(step: HostStep): string {
  if ('run' in step) return step.run.join(' ')
  if ('write' in step) return `${JSON.stringify(step.value)} > ${step.write}`
  if ('store' in step)
    return step.value === null
      ? `remove xenstore:${step.store}`
      : `${JSON.stringify(step.value)} > xenstore:${step.store}`
  return `${step.present ? `add ${step.word} to` : `take ${step.word} from`} ${step.key} in ${step.edit}`
}
