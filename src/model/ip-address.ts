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

/** Which protocol an address is of. */
export const familyOf = (address: string): 'ipv4' | 'ipv6' => (address.includes(':') ? 'ipv6' : 'ipv4')

/** The bits of an address, 32 or 128 zeros and ones. */
export function bitsOf(address: string): string {
  if (familyOf(address) === 'ipv6')
    return (groupsOf(address) ?? []).map((group) => group.toString(2).padStart(16, '0')).join('')
  return address
    .split('.')
    .map((byte) => Number(byte).toString(2).padStart(8, '0'))
    .join('')
}
