import { admitting, usual } from '../xml/text.js'
import { shape } from './schema-spelling.js'

/** The usual spelling of a hardware address, `52:54:00:6d:90:02`; `undefined` when it is none (`virMacAddrParse`). */
export function normalMac(text: string): string | undefined {
  const octets = text.split(':')
  if (octets.length !== 6 || !octets.every((octet) => /^[\da-f]+$/i.test(octet))) return undefined
  const values = octets.map((octet) => Number.parseInt(octet, 16))
  return values.every((value) => value <= 0xff)
    ? values.map((value) => value.toString(16).padStart(2, '0')).join(':')
    : undefined
}

/** Whether a hardware address is of a group of stations: bit 0 of its first octet (IEEE 802, 8.2). */
export const isMulticast = (mac: string): boolean => (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1

/** The hardware address of one station. */
export const unicastMac = admitting(
  usual(
    'the hardware address of one device',
    (text) => {
      const mac = normalMac(text)
      return mac === undefined || isMulticast(mac) ? undefined : mac
    },
    { pattern: '^[\\da-f][02468ace](:[\\da-f]{2}){5}$' },
  ),
  shape(/^[a-fA-F\d][02468aAcCeE](:[a-fA-F\d]{2}){5}$/),
)
