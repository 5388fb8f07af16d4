import { cUint, upTo } from '../xml/number.js'
import { refined, ruled } from '../xml/refine.js'
import { attr, opt } from '../xml/row.js'
import { table } from '../xml/table.js'
import { admitting, usual, word } from '../xml/text.js'
import { integerTo } from './schema-spelling.js'

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/

/** The eight groups of an IPv6 address; `undefined` when it is none. */
function groupsOf(text: string): number[] | undefined {
  const [, last] = /^[\da-f:]*:((?:\d+\.){3}\d+)$/i.exec(text) ?? []
  if (last !== undefined) {
    if (!ipv4.test(last)) return undefined
    const [a = 0, b = 0, c = 0, d = 0] = last.split('.').map(Number)
    return groupsOf(`${text.slice(0, -last.length)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`)
  }
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')))
  const [head = [], tail] = halves
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length > 2 || (tail ? missing < 1 : missing !== 0)) return undefined
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...(tail ?? [])]
  return groups.every((group) => /^[\da-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined
}

/** As C's inet_ntop writes it (RFC 5952): the first of the longest runs of zeros is left out. */
function formatIpv6(groups: number[]): string {
  let best = { start: 0, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':')
  if (best.length === 1) return hex(groups)
  const { start, length } = best
  if (start === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))) {
    const bytes = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff])
    return `${length === 6 ? '::' : '::ffff:'}${bytes.join('.')}`
  }
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

/** The usual spelling of an IPv4 or IPv6 address; `undefined` when it is none. */
export function normalIp(text: string): string | undefined {
  if (ipv4.test(text)) return text.split('.').map(Number).join('.')
  const groups = text.includes(':') ? groupsOf(text) : undefined
  return groups && formatIpv6(groups)
}

/** An IPv4 or IPv6 address. */
const ip = usual('an IP address', normalIp, { pattern: '^[\\da-f:.]+$' })

/** Which protocol an address is of. */
const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4')
const bits = { ipv4: 32, ipv6: 128 } as const

const family = opt(attr('@family', word('ipv4', 'ipv6')))
const prefix = opt(attr('@prefix', admitting(upTo(128, cUint(10)), integerTo(128))))

const fitting = ({
  address,
  family = familyOf(address),
  prefix = 0,
}: {
  address: string
  family?: 'ipv4' | 'ipv6'
  prefix?: number
}) =>
  family !== familyOf(address)
    ? `has the address ${address}, which is not of family ${family}`
    : prefix > bits[family]
      ? `has prefix ${prefix}, but an ${family} address has only ${bits[family]} bits`
      : undefined

/** `<ip address='192.168.122.2' family='ipv4' prefix='24'/>`: `virNetDevIPAddr`. */
export const ipAddress = refined(
  ruled(table({ address: attr('@address', ip), family, prefix, peer: opt(attr('@peer', ip)) }), fitting),
  (def) => ({ ...def, family: familyOf(def.address) }),
)

/** `<route family='ipv4' address='192.168.122.0' prefix='24' gateway='192.168.122.1'/>`: `virNetDevIPRoute`. */
export const ipRoute = ruled(
  table({
    family,
    address: attr('@address', ip),
    netmask: opt(attr('@netmask', ip)),
    prefix,
    gateway: attr('@gateway', ip),
    metric: opt(
      attr(
        '@metric',
        admitting(cUint(0), (text) => /^\d+$/.test(text)),
      ),
    ),
  }),
  (route) => fitting({ family: 'ipv4', ...route }),
  ({ family = 'ipv4', gateway }) =>
    familyOf(gateway) === family ? undefined : `has the gateway ${gateway}, which is not of family ${family}`,
  ({ netmask, prefix }) =>
    netmask !== undefined && prefix !== undefined ? 'has a netmask and a prefix; leave out one' : undefined,
  ({ metric }) => (metric === 0 ? 'has metric 0; leave it out or give a number from 1' : undefined),
)
