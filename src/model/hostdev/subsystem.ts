import { type AnyRow, attr, flag, opt, otherwise } from '../../xml/row.js'
import { type Text, yesNo } from '../../xml/text.js'
import { deviceInfo } from './device-info.js'

/** libvirt takes any other word for no. */
const managedText: Text<boolean> = {
  ...yesNo,
  from: (text, reading) => yesNo.from(text, reading) ?? (reading.compat ? false : undefined),
}

/**
 * Whether the hypervisor takes the device from its driver, and gives it back afterwards; of consequence for PCI
 * devices only.
 */
export const managed = opt(otherwise(false, attr('@managed', managedText)))

/** Rows of a kind of subsystem device between those that every kind has. */
export const subsystem = <R extends Record<string, AnyRow>>(rows: R) => ({ managed, ...rows, ...deviceInfo })

/** What is said of storage, which the schema allows any host device to say. */
export const storageFlags = { readonly: flag('readonly'), shareable: flag('shareable') } as const
