import { VirtError } from '../../errors.js'
import { type Codec, finding, invalid, type Reading } from '../../xml/codec.js'
import { cUint, cUint64, upTo } from '../../xml/number.js'
import { checked, refined, ruled } from '../../xml/refine.js'
import { attr, flag, many, one, opt, owed } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { admitting, matching, name, str, type Text, token, word, yesNo } from '../../xml/text.js'
import { variants } from '../../xml/variants.js'
import { integerTo, shape } from '../schema-spelling.js'
import { uuid } from '../uuid.js'
import { sitsAt } from './device-info.js'
import { storageFlags, subsystem } from './subsystem.js'

/** A name, of which the schema admits an empty one. */
const anyName = admitting(name, () => true)

/** The schema has adapters of pools of storage here, which may bear a type. */
const adapterName = just(attr('@name', anyName), { forgotten: { '@type': attr('@type', word('scsi_host')) } })

/** A logical unit behind a host adapter: `virDomainHostdevSubsysSCSIHost`. */
const adapter = table(
  {
    /** `scsi_host0`; no other spelling finds the device. */
    adapter: one('adapter', adapterName),
    address: one(
      'address',
      table({
        bus: attr('@bus', admitting(cUint(), shape(/^\d{1,2}$/))),
        target: attr('@target', admitting(cUint(), shape(/^\d{1,10}$/))),
        /** LUN of 64 bits, in decimal digits. */
        unit: attr('@unit', admitting(cUint64(), shape(/^\d{1,20}$/))),
      }),
    ),
  },
  { order: 'any' },
)

const decimal = upTo(0xffff, cUint(10))

/** A port, of which 0 in a document says that there is none. */
const port: Text<number> = {
  is: 'a port from 1 to 65535',
  from(text, reading) {
    const number = decimal.from(text, reading)
    return number === 0 ? null : number
  },
  to: (value, writing) => (value === 0 ? undefined : decimal.to(value, writing)),
  schema: { ...decimal.schema, minimum: 1 },
  admits: integerTo(0xffff),
}

const namesSecretOnce = ({ uuid, usage }: { uuid?: string; usage?: string }) =>
  (uuid === undefined) === (usage === undefined) ? 'names its secret by neither or both of uuid and usage' : undefined

/** What to show an iSCSI target: a user, and the secret of libvirtd that holds the password. */
const auth = table({
  type: opt(attr('@type', word('chap', 'ceph'))),
  username: attr('@username', admitting(name, shape(/^[\w+-]+$/))),
  secret: one(
    'secret',
    checked(
      ruled(
        table({
          type: attr(
            '@type',
            admitting(word('iscsi'), (text) => ['iscsi', 'ceph'].includes(token(text))),
          ),
          uuid: opt(attr('@uuid', uuid)),
          usage: opt(attr('@usage', admitting(name, shape(/^[^/\n]+$/)))),
        }),
        namesSecretOnce,
      ),
      ({ attributes }) => namesSecretOnce(attributes),
    ),
  ),
})

/** libvirt takes a target without LUN for its LUN 0. */
const withLun = <T extends { name: string }>(def: T, { compat }: Reading): T =>
  compat && !def.name.includes('/') ? { ...def, name: `${def.name}/0` } : def

/** A logical unit of an iSCSI target, reached by the hypervisor itself: `virDomainHostdevSubsysSCSIiSCSI`. */
const iscsi = checked(
  ruled(
    refined(
      table(
        {
          /** The target's IQN, and after a slash the LUN. */
          name: attr('@name', str),
          hosts: many('host', table({ name: attr('@name', str), port: opt(attr('@port', port)) })),
          auth: opt(one('auth', auth)),
          /** The IQN under which to log in. */
          initiator: opt(one('initiator', just(owed(opt(one('iqn', just(owed(opt(attr('@name', anyName)))))))))),
        },
        { order: 'any' },
      ),
      withLun,
    ),
    ({ hosts }) => (hosts.length === 1 ? undefined : `has ${hosts.length} hosts; give the one portal of the target`),
  ),
  ({ children }) => (children.some(({ name }) => name === 'host') ? undefined : 'holds no host'),
)

/**
 * A logical unit by its SCSI generic node, `sg3`, as formats before libvirt's say it. Only the host knows its address,
 * so libvirt's form cannot say it.
 */
const generic: Codec<{ name: string }> = {
  read(element) {
    throw invalid(element, 'is no protocol of libvirt', '/@protocol')
  },
  write(sink, { name }) {
    const message = `${sink.path} is known as ${name} only; resolve the name to an adapter and an address`
    throw new VirtError('config-unsupported', message, { device: name })
  },
  check: (element, findings) => void findings.push(finding(element, 'is no protocol of libvirt', '/@protocol')),
  schema: () => ({ type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }),
}

/** The address libvirt gives a guest's first SCSI device. */
const firstDrive = { kind: 'drive', controller: 0, bus: 0, target: 0, unit: 0 } as const

/** `<hostdev type='scsi'>`: `virDomainHostdevSubsysSCSI`. */
export const scsiHostdev = ruled(
  refined(
    table(
      subsystem({
        /** Whether the kernel filters SG_IO commands. */
        sgio: opt(attr('@sgio', word('filtered', 'unfiltered'))),
        /** Whether the hypervisor gets CAP_SYS_RAWIO. */
        rawio: opt(attr('@rawio', yesNo)),
        source: one(
          'source',
          variants(
            {
              attributes: ['protocol'],
              kindOf: ({ attributes }) => attributes.protocol ?? 'adapter',
              mark: (kind) => (kind === 'adapter' ? {} : { protocol: kind }),
            },
            { adapter, iscsi, generic },
          ),
        ),
        readonly: opt(flag('readonly')),
        /** Whether several guests may have it at once. */
        shareable: opt(flag('shareable')),
      }),
      { order: 'any' },
    ),
    (def, { compat }) => (compat ? { address: firstDrive, ...def } : def),
  ),
  sitsAt('drive'),
  ({ sgio }) => (sgio === 'unfiltered' ? 'asks for unfiltered sgio, which Linux no longer has' : undefined),
)

/** `<hostdev type='scsi_host'>`: a vhost-scsi target of the host (`virDomainHostdevSubsysSCSIVHost`). */
export const scsiHostHostdev = ruled(
  table(
    subsystem({
      model: opt(attr('@model', word('virtio', 'virtio-transitional', 'virtio-non-transitional'))),
      source: one(
        'source',
        table({
          protocol: attr('@protocol', word('vhost')),
          wwpn: attr(
            '@wwpn',
            admitting(
              matching(/^naa\.(0x)?[\da-fA-F]{16}$/, "'naa.' and 16 hexadecimal digits"),
              shape(/^naa\.[\da-fA-F]{16}$/),
            ),
          ),
        }),
      ),
    }),
    { order: 'any', forgotten: storageFlags },
  ),
  sitsAt('pci', 'ccw'),
)
