import type { Codec, Infer } from '../xml/codec.js'
import { invalid } from '../xml/codec.js'
import { documentOf } from '../xml/document.js'
import type { XmlElement } from '../xml/element.js'
import { variants } from '../xml/variants.js'
import { miscHostdev, netHostdev, storageHostdev } from './hostdev/capabilities.js'
import { mdevHostdev } from './hostdev/mdev.js'
import { pciHostdev } from './hostdev/pci.js'
import { scsiHostdev, scsiHostHostdev } from './hostdev/scsi.js'
import { usbHostdev } from './hostdev/usb.js'

const modeOf = (type: string) => (['storage', 'misc', 'net'].includes(type) ? 'capabilities' : 'subsystem')

/** Every kind of host device in a guest, by libvirt's word for it (`virDomainHostdevSubsysType`, `…CapsType`). */
const kinds = variants(
  {
    attributes: ['mode', 'type'],
    kindOf({ attributes: { mode = 'subsystem', type } }) {
      return type === undefined || modeOf(type) === mode ? type : `${mode}/${type}`
    },
    mark: (type) => ({ mode: modeOf(type), type }),
  },
  {
    usb: usbHostdev,
    pci: pciHostdev,
    scsi: scsiHostdev,
    scsi_host: scsiHostHostdev,
    mdev: mdevHostdev,
    storage: storageHostdev,
    misc: miscHostdev,
    net: netHostdev,
  },
)

/** Which types an attribute is for; libvirt refuses it elsewhere, rather than forget it. */
const meantFor: Readonly<Record<string, readonly string[]>> = {
  sgio: ['scsi'],
  rawio: ['scsi'],
  model: ['mdev', 'scsi_host'],
  startupPolicy: ['usb'],
}

/** The first thing out of place (`virDomainHostdevDefParseXMLSubsys`, `virDomainHostdevDefValidate`). */
function misplaced({ attributes, children }: XmlElement): string | undefined {
  const { type = '' } = attributes
  const sources = children.filter(({ name }) => name === 'source')
  const [startupPolicy] = sources.flatMap(({ attributes }) => attributes.startupPolicy ?? [])
  const given: Record<string, string | undefined> = { ...attributes, startupPolicy }
  if (!Object.hasOwn(kinds.arms, type)) return undefined
  if (type !== 'pci' && children.some(({ name }) => name === 'teaming'))
    return 'has a teaming, which is only for devices of type pci; remove it'
  return Object.entries(meantFor)
    .filter(([name, types]) => given[name] !== undefined && !types.includes(type))
    .map(([name, types]) => `has ${name}, which is only for devices of type ${types.join(' and ')}; remove it`)[0]
}

/** The content of `<hostdev>`. */
const content: Codec<Infer<typeof kinds>> = {
  ...kinds,
  read(element, reading, told) {
    const problem = misplaced(element)
    if (problem !== undefined) throw invalid(element, problem)
    return kinds.read(element, reading, told)
  },
}

/** A host device in a guest, told apart by `kind`: `virDomainHostdevDef`. Plain JSON. */
export type HostdevDef = Infer<typeof kinds>

/** libvirt's word for a kind of host device. */
export type HostdevKind = HostdevDef['kind']

/** The host device of one kind. */
export type HostdevOf<K extends HostdevKind> = Extract<HostdevDef, { kind: K }>

/** libvirt's `<hostdev>` element. */
export const hostdev = documentOf('hostdev', content)
