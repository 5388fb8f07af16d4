import { describeHostdev, type HostdevDef } from '../index.js'
import { printable, type Terminal } from './terminal.js'

/** A host device of a guest in one line: its alias, what it is, and where the guest sees it. */
export function hostdevLine(def: HostdevDef, colour: Terminal['colour']): string {
  const { alias = '-', address } = def.kind === 'other' ? {} : def
  const place = address ? `  at ${Object.values(address).map(String).join(' ')}` : ''
  return `${colour.bold(printable(alias).padEnd(10))}  ${printable(describeHostdev(def))}${place}`
}
