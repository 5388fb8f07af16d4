import { cUint } from '../../xml/number.js'
import { filled, ruled } from '../../xml/refine.js'
import { attr, one, opt, owed, since } from '../../xml/row.js'
import { just, table } from '../../xml/table.js'
import { admitting, name, onOff, str, type Text, usual, yesNo } from '../../xml/text.js'
import { shape, unsignedInt } from '../schema-spelling.js'
import { type GuestAddress, guestAddress } from './guest-address.js'

const number = cUint(10)

/** A number that is not 0. */
const positive: Text<number> = {
  is: 'a number from 1',
  from: (text, reading) => number.from(text, reading) || undefined,
  to: (value, writing) => (value === 0 ? undefined : number.to(value, writing)),
  admits: shape(/^0*[1-9]\d*$/),
  schema: { ...number.schema, minimum: 1 },
}

/** Boot parameter of IBM Z; always in capitals. */
const loadparm = admitting(
  usual(
    'up to 8 letters, digits, full stops and blanks',
    (text) => (/^(?! *$)[A-Za-z\d. ]{1,8}$/.test(text) ? text.toUpperCase() : undefined),
    { pattern: '^[A-Z\\d. ]{1,8}$' },
  ),
  shape(/^[a-zA-Z0-9.\s]{1,8}$/),
)

/** An alias as the schema spells it. */
export const aliasName = admitting(name, shape(/^[\w\-.]+$/))

/**
 * A device's id within its guest. One that a user chooses begins with `ua-`; any other is of the running guest, and
 * libvirt forgets it when it reads a definition (`virDomainDeviceAliasIsUserAlias`).
 */
const alias: Text<string> = {
  ...aliasName,
  from: (text, { compat }) => (text === '' || (compat && !/^ua-[\w-]*$/.test(text)) ? null : text),
}

const rom = ruled(
  table({
    enabled: opt(attr('@enabled', yesNo)),
    /** Whether the guest sees the ROM in a BAR. */
    bar: opt(attr('@bar', onOff)),
    /** A file the guest sees instead of the device's own ROM; an empty name hides the ROM. */
    file: opt(attr('@file', admitting(str, shape(/^(\/|[a-zA-Z]:\\).+$/)))),
  }),
  ({ enabled, bar, file }) =>
    enabled === false && (bar !== undefined || file !== undefined)
      ? 'is disabled and tuned at once; leave out bar and file'
      : undefined,
)

/** The rule that a device of this kind can only sit at addresses of certain types. */
export const sitsAt =
  (...types: GuestAddress['kind'][]) =>
  ({ address }: { address?: GuestAddress }): string | undefined =>
    address === undefined || types.includes(address.kind)
      ? undefined
      : `has an address of type '${address.kind}', but such a device sits at ${types.join(' or ')}`

/** What every device of a guest may have: `virDomainDeviceInfo`. */
export const deviceInfo = {
  boot: opt(one('boot', table({ order: attr('@order', positive), loadparm: opt(attr('@loadparm', loadparm)) }))),
  alias: opt(one('alias', just(owed(opt(attr('@name', alias)))))),
  rom: opt(one('rom', filled(rom))),
  acpi: opt(
    one(
      'acpi',
      filled(
        table({
          /** Number from which the guest's system names the interface. */
          index: opt(attr('@index', admitting(positive, unsignedInt))),
          /** Guest NUMA nodes of a device with memory; libvirt 11.8, unverified. */
          nodeset: since('11.8', opt(attr('@nodeset', name))),
        }),
      ),
    ),
  ),
  address: opt(one('address', guestAddress)),
} as const
