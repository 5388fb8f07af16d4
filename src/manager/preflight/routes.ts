import { linesOf } from '../../host/plain-files.js'
import type { HostFiles } from '../../os/host-files.js'

/** A route of the host's, of its main table. */
export interface Route {
  readonly interface: string
  /** First address, and how many of its bits count. */
  readonly to: bigint
  readonly bits: number
  readonly width: 32 | 128
}

/** Whether it leads to the world. */
export const isDefault = ({ bits, interface: name }: Route): boolean => bits === 0 && name !== 'lo'

/** /proc/net/route, whose numbers are little-endian, and /proc/net/ipv6_route. */
export function readRoutes(files: HostFiles): Route[] {
  const four = linesOf(files, '/proc/net/route').slice(1)
  const six = linesOf(files, '/proc/net/ipv6_route')
  return [
    ...four.map((line): Route => {
      const [name = '', to = '0', , , , , , mask = '0'] = line.split(/\s+/)
      return { interface: name, to: littleEndian(to), bits: countBits(littleEndian(mask)), width: 32 }
    }),
    ...six.map((line): Route => {
      const [to = '0', bits = '0'] = line.split(/\s+/)
      return { interface: line.split(/\s+/).at(-1) ?? '', to: hex(to), bits: Number(hex(bits)), width: 128 }
    }),
  ]
}

/** The narrowest route to an IPv4 address. */
export function routeTo(routes: readonly Route[], address: string): Route | undefined {
  const wanted = address.split('.').reduce((value, part) => value * 256n + BigInt(Number(part) & 255), 0n)
  const covers = ({ to, bits, width }: Route) => width === 32 && (wanted ^ to) >> BigInt(32 - bits) === 0n
  return routes.filter(covers).sort((a, b) => b.bits - a.bits)[0]
}

const hex = (digits: string): bigint => (/^[\da-f]+$/i.test(digits) ? BigInt(`0x${digits}`) : 0n)
const littleEndian = (digits: string): bigint => hex(digits.match(/../g)?.reverse().join('') ?? '')
const countBits = (mask: bigint): number => mask.toString(2).replaceAll('0', '').length
