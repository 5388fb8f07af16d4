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

/** Settings that libvirt refuses where they are of no use, rather than forget them (`virDomainHostdevDefParseXMLSubsys`). */
function misplaced({ attributes, children }: XmlElement): string | undefined {
  const { type = '' } = attributes
  const onlyFor = (word: string, ...types: string[]) =>
    types.includes(type)
      ? undefined
      : `has ${word}, which is only for devices of type ${types.join(' and ')}; remove it`
  const source = children.find(({ name }) => name === 'source')
  return (
    (attributes.sgio !== undefined ? onlyFor('sgio', 'scsi') : undefined) ??
    (attributes.rawio !== undefined ? onlyFor('rawio', 'scsi') : undefined) ??
    (attributes.model !== undefined ? onlyFor('model', 'mdev', 'scsi_host') : undefined) ??
    (source?.attributes.startupPolicy !== undefined ? onlyFor('startupPolicy', 'usb') : undefined)
  )
}

/** The content of `<hostdev>`. */
const hostdevCodec: Codec<Infer<typeof kinds>> = {
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
export const hostdev = documentOf('hostdev', hostdevCodec)
