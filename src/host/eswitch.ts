import { VirtError } from '../errors.js'
import { isPciAddress } from '../model/pci-address.js'
import type { RunCommand } from '../os/command.js'
import type { HostFiles } from '../os/host-files.js'
import { linkName } from './plain-files.js'

/** Milliseconds; drivers answer in microseconds, unless one hangs. */
const longestWait = 10_000

/**
 * Which interfaces are on a card whose switch forwards by the kernel's rules, in `switchdev` mode. A virtual function
 * is as its physical function (`virNetDevSwitchdevFeature`). devlink is run once, and once more for each card that it
 * knows; not at all where no interface is a PCI device.
 *
 * @throws VirtError - when devlink is not there, or the kernel does not let it ask; SyntaxError when it prints nonsense
 */
export async function inSwitchdevMode(
  interfaces: readonly string[],
  run: RunCommand,
  files: HostFiles,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const cards = new Map<string, string[]>()
  for (const name of interfaces) {
    const address = cardOf(files, name)
    if (address !== undefined) cards.set(address, [...(cards.get(address) ?? []), name])
  }
  const found = new Set<string>()
  if (cards.size === 0) return found
  const devlink = async (...words: string[]) => {
    const { stdout } = await run(['devlink', '-j', 'dev', ...words], { signal, timeout: longestWait })
    return devicesOf(JSON.parse(stdout))
  }
  const known = await devlink('show')
  for (const [address, names] of cards) {
    const handle = `pci/${address}`
    if (handle in known && (await modeOf(handle, devlink)) === 'switchdev') for (const name of names) found.add(name)
  }
  return found
}

type Devices = Readonly<Record<string, unknown>>

/** How a card's switch works; `undefined` for a card without one. */
async function modeOf(handle: string, devlink: (...words: string[]) => Promise<Devices>): Promise<unknown> {
  try {
    const entry = (await devlink('eswitch', 'show', handle))[handle]
    return typeof entry === 'object' && entry !== null && 'mode' in entry ? entry.mode : undefined
  } catch (error) {
    // EOPNOTSUPP
    if (VirtError.is(error, 'operation-failed') && /not supported/i.test(String(error.details.stderr))) return undefined
    throw error
  }
}

/** What devlink prints: `{"dev":{"pci/0000:03:00.0":{"mode":"switchdev"}}}`. */
function devicesOf(printed: unknown): Devices {
  const devices = typeof printed === 'object' && printed !== null && 'dev' in printed ? printed.dev : undefined
  return typeof devices === 'object' && devices !== null ? (devices as Devices) : {}
}

/** The PCI function that has the switch of an interface's card; `undefined` for what is no PCI device. */
function cardOf(files: HostFiles, name: string): string | undefined {
  const device = `/sys/class/net/${name}/device`
  if (linkName(files, `${device}/subsystem`) !== 'pci') return undefined
  const address = linkName(files, `${device}/physfn`) ?? linkName(files, device) ?? ''
  return isPciAddress(address) ? address : undefined
}
