import { existsSync } from 'node:fs'
import type { DeviceSelector } from '../index.js'
import { readText } from './read-text.js'

/**
 * What a user calls a device: the XML of a hostdev from a file (`-` is standard input), or what selects one of the
 * host: `1cbe:0002`, `0000:02:00.0`, a USB port `1-1.2`, a UUID, or the name of a node device.
 */
export async function wantedDevice(word: string): Promise<string | DeviceSelector> {
  if (word === '-' || word.includes('/') || word.endsWith('.xml') || (!/^[\w:.-]+$/.test(word) && existsSync(word)))
    return await readText(word)
  return selectorOf(word)
}

const hex = (digits: string | undefined): number => Number.parseInt(digits ?? '', 16)

function selectorOf(word: string): DeviceSelector {
  const [, vendor, product] = /^([\da-f]{4}):([\da-f]{4})$/i.exec(word) ?? []
  if (vendor !== undefined) return { vendor: hex(vendor), product: hex(product) }
  if (/^([\da-f]{4}:)?[\da-f]{2}:[\da-f]{2}\.[0-7]$/i.test(word)) return { pci: word }
  if (/^\d+-\d+(\.\d+)*$/.test(word)) return { port: word }
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(word)) return { uuid: word }
  return { name: word }
}
