import { cUint, unlessZero, upTo } from '../xml/number.js'
import { refined, ruled } from '../xml/refine.js'
import { attr, opt } from '../xml/row.js'
import { table } from '../xml/table.js'
import { admitting, usual, word } from '../xml/text.js'
import { bitsOf, familyOf, normalIp } from './ip-address.js'
import { shape, unsignedTo } from './schema-spelling.js'

/** An IPv4 or IPv6 address. */
const ip = usual('an IP address', normalIp, { pattern: '^[\\da-f:.]+$' })

const family = opt(attr('@family', word('ipv4', 'ipv6')))
const length = admitting(upTo(128, cUint(10)), unsignedTo(128))
const prefix = opt(attr('@prefix', length))

interface Addressed {
  address: string
  family?: 'ipv4' | 'ipv6'
  prefix?: number
}

function misfit({ address, family = familyOf(address), prefix = 0 }: Addressed, ...others: (string | undefined)[]) {
  const stranger = [address, ...others].find((each) => each !== undefined && familyOf(each) !== family)
  if (stranger !== undefined) return `has ${stranger}, which is not of family ${family}`
  const length = bitsOf(address).length
  return prefix > length ? `has prefix ${prefix}, but an ${family} address has only ${length} bits` : undefined
}

/** `<ip address='192.168.122.2' family='ipv4' prefix='24'/>`: `virNetDevIPAddr`. */
export const ipAddress = refined(
  ruled(
    table({
      address: attr('@address', ip),
      family,
      prefix: opt(attr('@prefix', unlessZero(length))),
      peer: opt(attr('@peer', ip)),
    }),
    (def) => misfit(def, def.peer),
  ),
  (def) => ({ ...def, family: familyOf(def.address) }),
)

const route = table({
  family,
  address: attr('@address', ip),
  netmask: opt(attr('@netmask', ip)),
  prefix,
  gateway: attr('@gateway', ip),
  metric: opt(attr('@metric', admitting(cUint(10), shape(/^\d+$/)))),
})

/** How many bits of a route's address name the network: all routes, unless a prefix or a netmask says more. */
const networkBits = ({ prefix = 0, netmask }: { prefix?: number; netmask?: string }): number =>
  netmask === undefined ? prefix : bitsOf(netmask).replace(/0+$/, '').length

/** `<route family='ipv4' address='192.168.122.0' prefix='24' gateway='192.168.122.1'/>`: `virNetDevIPRoute`. */
export const ipRoute = ruled(
  route,
  ({ family = 'ipv4', address, prefix = 0, gateway, netmask }) => misfit({ family, address, prefix }, gateway, netmask),
  ({ netmask, prefix }) =>
    netmask !== undefined && prefix !== undefined ? 'has a netmask and a prefix; leave out one' : undefined,
  ({ address, netmask }) =>
    netmask !== undefined && familyOf(address) === 'ipv6' ? 'has a netmask, which is only for IPv4' : undefined,
  ({ netmask }) =>
    netmask !== undefined && !/^1*0*$/.test(bitsOf(netmask)) ? `has the netmask ${netmask}, which has gaps` : undefined,
  (route) =>
    bitsOf(route.address).includes('1', networkBits(route))
      ? `has ${route.address}, which is not the address of a network of ${networkBits(route)} bits`
      : undefined,
  ({ metric }) => (metric === 0 ? 'has metric 0; leave it out or give a number from 1' : undefined),
)
