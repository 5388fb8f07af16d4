import { capabilityOf, type NodeDeviceDef } from '../model/node-device.js'

/** What of a host tells it from every other one of its model. */
function* identities(defs: readonly NodeDeviceDef[]): Generator<string | undefined> {
  for (const def of defs) {
    const hardware = capabilityOf(def, 'system')?.hardware
    yield* [hardware?.serial, hardware?.uuid]
    yield capabilityOf(def, 'net')?.address
    const serial = capabilityOf(def, 'storage')?.serial
    yield* [serial, ...(serial?.split('_') ?? []).slice(-1), capabilityOf(def, 'usb_device')?.serial]
    const fc = capabilityOf(def, 'scsi_host')?.fcHost
    yield* [fc?.wwnn, fc?.wwpn, capabilityOf(def, 'scsi_target')?.fcRemotePort?.wwpn]
    yield capabilityOf(def, 'pci')?.vpd?.readOnly?.serialNumber
  }
}

/** Values that say nothing: all zeros, or too short to be anybody's. */
const telling = (text: string): boolean => text.length >= 6 && !/^[0:-]*$/.test(text)

/** Puts other letters and digits, of the same kinds, in place of those of a value: the same ones each time. */
function disguise(value: string, number: number): string {
  let state = number * 2_654_435_761
  const next = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  // an address of one station must stay one: its second digit stays even
  const fixed = /^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(value) ? 2 : 0
  const hexadecimal = /^[\da-f:-]+$/i.test(value)
  return [...value]
    .map((character, index) => {
      if (index < fixed || !/[\da-z]/i.test(character)) return character
      if (/\d/.test(character)) return String(next(10))
      const letter = String.fromCharCode(97 + next(hexadecimal ? 6 : 26))
      return character === character.toUpperCase() ? letter.toUpperCase() : letter
    })
    .join('')
}

/** Replaces a host's identities throughout a text: in contents, paths and the names that are made of them. */
export function scrubber(defs: readonly NodeDeviceDef[]): (text: string) => string {
  const secrets = [...new Set([...identities(defs)].filter((each) => each !== undefined).filter(telling))]
  // longer ones first: a short one may be part of them
  secrets.sort((a, b) => b.length - a.length)
  const disguises = new Map<string, string>()
  for (const [index, secret] of secrets.entries()) {
    const other = disguise(secret, index + 1)
    disguises.set(secret, other)
    // as udev and libvirt spell it in names
    disguises.set(secret.replaceAll(':', ''), other.replaceAll(':', ''))
    disguises.set(secret.toUpperCase(), other.toUpperCase())
  }
  if (disguises.size === 0) return (text) => text
  const words = [...disguises.keys()].sort((a, b) => b.length - a.length)
  const pattern = new RegExp(
    words
      .map((word) =>
        JSON.stringify(word)
          .slice(1, -1)
          .replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      )
      .join('|'),
    'g',
  )
  return (text) => text.replace(pattern, (found) => disguises.get(found) ?? found)
}
