import type { HostdevDef } from '../../model/hostdev.js'

/** What a guest fills in when it gets a device: an alias, and where it sees the device. */
export function placed(def: HostdevDef, others: readonly HostdevDef[]): HostdevDef {
  if (def.kind === 'other') return def
  const taken = new Set(others.flatMap((each) => (each.kind === 'other' ? [] : [each.alias])))
  const alias = def.alias ?? `hostdev${firstFree((number) => !taken.has(`hostdev${number}`))}`
  const address = def.address ?? freeAddress(def, others)
  return { ...def, alias, ...(address && { address }) }
}

function firstFree(isFree: (number: number) => boolean, from = 0): number {
  let number = from
  while (!isFree(number)) number++
  return number
}

type Address = Exclude<Exclude<HostdevDef, { kind: 'other' }>['address'], undefined>

function freeAddress(def: HostdevDef, others: readonly HostdevDef[]): Address | undefined {
  const used = others.flatMap((each) => (each.kind === 'other' || !each.address ? [] : [each.address]))
  switch (def.kind) {
    case 'pci':
    case 'scsi_host':
    case 'mdev': {
      // each root port takes one device, and libvirt's first ones are taken by the machine itself
      const bus = firstFree((number) => !used.some((at) => at.kind === 'pci' && at.bus === number), 5)
      return { kind: 'pci', domain: 0, bus, slot: 0, function: 0 }
    }
    case 'usb': {
      const port = firstFree((number) => !used.some((at) => at.kind === 'usb' && at.port === String(number)), 1)
      return { kind: 'usb', bus: 0, port: String(port) }
    }
    case 'scsi': {
      const unit = firstFree((number) => !used.some((at) => at.kind === 'drive' && at.unit === number))
      return { kind: 'drive', controller: 0, bus: 0, target: 0, unit }
    }
    default:
      return undefined
  }
}
