import { InvalidArgumentError } from 'commander'
import { capabilityFlags } from '../index.js'
import { words } from './cli.js'

/** What libvirt lists devices by, and the kinds of our own. */
const known = [...Object.keys(capabilityFlags), 'sound', 'input'].sort()

/** The value of an option that names a capability: a word that means none would silently match nothing. */
export function capability(word: string): string {
  if (known.includes(word)) return word
  throw new InvalidArgumentError(`'${word}' is none; the known are ${known.join(', ')}.`)
}

/** The same for several. */
export const capabilities = (value: string, before: string[] = []): string[] => [
  ...before,
  ...words(value).map(capability),
]
