/** One thing that is done to a host: a value written to a file of /sys, or a command. */
export type HostStep = { readonly write: string; readonly value: string } | { readonly run: readonly string[] }

/** A step as one line, to be read rather than run: `"vfio-pci" > /sys/…/driver_override`. */
export const describeStep = (step: HostStep): string =>
  'run' in step ? step.run.join(' ') : `${JSON.stringify(step.value)} > ${step.write}`
