import type { CallOptions, DeviceFilter, DeviceState } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { busesOf, matchesState, mayMatch } from '../../model/device-caps.js'
import type { CapabilityKind } from '../../model/node-device.js'
import { capabilityFlags, type FlaggedFilter, listFlags } from '../../model/node-device-flags.js'
import type { Session } from './session.js'

/** As many names as one reply can have (REMOTE_NODE_DEVICE_LIST_MAX). */
const maxNames = 65536

/** Names of the devices that match: what each part of the filter lets through, and of that what all of them do. */
export async function listDeviceNames(session: Session, filter: DeviceFilter, options: CallOptions): Promise<string[]> {
  const { capability, state, persistence } = filter
  const buses = busesOf(filter)
  const parts: Promise<readonly string[]>[] = []
  if (capability !== undefined) parts.push(withCapabilities(session, [capability].flat(), options))
  if (buses) parts.push(withCapabilities(session, buses.flatMap(capabilitiesOn), options))
  if (state !== undefined || persistence !== undefined) parts.push(inState(session, filter, options))
  const [first = all(session, options), ...others] = parts
  const found = new Set(await first)
  for (const names of await Promise.all(others)) {
    const too = new Set(names)
    for (const name of found) if (!too.has(name)) found.delete(name)
  }
  return [...found]
}

/** What is known of a device beside its def; of a libvirtd or driver without that, what is so there of every device. */
export async function stateOfDevice(session: Session, name: string, options: CallOptions): Promise<DeviceState> {
  const isHost = name === 'computer'
  const subject = { device: name }
  const [{ active }, { persistent }, { autostart }] = await Promise.all([
    unlessUnsupported(session.call('nodeDeviceIsActive', { name }, options, subject), { active: true }),
    unlessUnsupported(session.call('nodeDeviceIsPersistent', { name }, options, subject), { persistent: isHost }),
    unlessUnsupported(session.call('nodeDeviceGetAutostart', { name }, options, subject), { autostart: isHost }),
  ])
  return { active, persistent, autostart }
}

async function unlessUnsupported<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (VirtError.is(error, 'unsupported')) return otherwise
    throw error
  }
}

/** By names alone: many times quicker than a list of objects, and what every libvirtd has. */
async function all(session: Session, options: CallOptions, cap?: string): Promise<readonly string[]> {
  return (await session.call('nodeListDevices', { cap, maxnames: maxNames, flags: 0 }, options)).names
}

async function flagged(session: Session, filter: FlaggedFilter, options: CallOptions): Promise<readonly string[]> {
  const flags = listFlags(filter)
  const { devices } = await session.call('connectListAllNodeDevices', { needResults: true, flags }, options)
  return devices.map(({ name }) => name)
}

/**
 * Devices of any of these kinds. Flags see nested capabilities that names do not; what has no flag is asked by name.
 */
async function withCapabilities(
  session: Session,
  words: readonly string[],
  options: CallOptions,
): Promise<readonly string[]> {
  const known = words.filter((word) => Object.hasOwn(capabilityFlags, word))
  const others = words.filter((word) => !known.includes(word))
  const byName = (word: string) => all(session, options, word)
  const byFlag = async () => {
    if (known.length === 0) return []
    try {
      return await flagged(session, { capability: known }, options)
    } catch (error) {
      if (!isUnknownFlag(error)) throw error
      return (await Promise.all(known.map(byName))).flat()
    }
  }
  return (await Promise.all([byFlag(), ...others.map(byName)])).flat()
}

const capabilitiesOn = (bus: string): string[] =>
  Object.keys(capabilityFlags).filter((word) => mayMatch(word as CapabilityKind, { bus }) === 'yes')

async function inState(session: Session, filter: DeviceFilter, options: CallOptions): Promise<readonly string[]> {
  const { state, persistence } = filter
  try {
    const wanted = { ...(state && { state }), ...(persistence && { persistence }) }
    return await flagged(session, wanted, options)
  } catch (error) {
    if (!isUnknownFlag(error)) throw error
    const names = await all(session, options)
    const states = await Promise.all(names.map((name) => stateOfDevice(session, name, options)))
    return names.filter((_, i) => matchesState(states[i] as DeviceState, filter))
  }
}

/** What a libvirtd says that is too old for a flag, or whose driver does not have it. */
const isUnknownFlag = (error: unknown): boolean => VirtError.is(error, 'invalid-argument', 'unsupported')
