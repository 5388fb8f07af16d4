import { VirtError } from '../errors.js'
import { type DeviceSelector, selectorMembers } from '../model/selector.js'
import type { FollowRule } from './follow-one.js'
import type { FollowLimit } from './follow-pace.js'

type Json = Readonly<Record<string, unknown>>

/** Members of a selector that are numbers; ids may also be said as `"0x0403"`. */
const numbers = ['vendor', 'product', 'bus', 'device']

/** Largest file of rules, in characters. */
const largest = 1_000_000

/**
 * Reads a file of rules, JSON of the form that `schema/follow-rules.json` describes:
 * `{ "rules": [{ "guest": "web", "device": { "vendor": "0x0403", "serial": "A50285BI" } }] }`.
 *
 * @throws VirtError `invalid-argument`, `limit-exceeded`; `details.path` names the member: `/rules/0/device/vendor`
 */
export function parseFollowRules(text: string): FollowRule[] {
  if (text.length > largest)
    throw new VirtError('limit-exceeded', `the file of rules has more than ${largest} characters; it is refused`)
  const { rules } = members(parse(text), '', ['rules', '$schema'])
  if (!Array.isArray(rules) || rules.length === 0) throw wrong('/rules', 'is no list of rules')
  return rules.map((rule: unknown, index) => readRule(rule, `/rules/${index}`))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new VirtError('invalid-argument', 'the file of rules is not JSON', { cause })
  }
}

function readRule(value: unknown, path: string): FollowRule {
  const { guest, device, limit } = members(value, path, ['guest', 'device', 'limit'])
  if (typeof guest !== 'string' || guest === '') throw wrong(`${path}/guest`, 'is no name of a guest')
  return {
    domain: guest,
    device: readSelector(device, `${path}/device`),
    ...(limit !== undefined && { limit: readLimit(limit, `${path}/limit`) }),
  }
}

function readSelector(value: unknown, path: string): DeviceSelector {
  const given = members(value, path)
  const selector = Object.fromEntries(
    Object.entries(given).map(([member, said]) => {
      const isNumber = numbers.includes(member)
      const read = isNumber ? toNumber(said) : said
      if (isNumber && read === undefined) throw wrong(`${path}/${member}`, 'is no number, such as 1027 or "0x0403"')
      if (!isNumber && (typeof said !== 'string' || said === '')) throw wrong(`${path}/${member}`, 'is no text')
      return [member, read]
    }),
  ) as DeviceSelector
  try {
    selectorMembers(selector)
  } catch (cause) {
    if (!VirtError.is(cause)) throw cause
    throw new VirtError(cause.code, `${path}: ${cause.message}`, { path, cause })
  }
  return selector
}

function readLimit(value: unknown, path: string): FollowLimit {
  const { times, within } = members(value, path, ['times', 'within'])
  const whole = (said: unknown, member: string): number => {
    if (typeof said === 'number' && Number.isSafeInteger(said) && said > 0) return said
    throw wrong(`${path}/${member}`, 'is no whole number above 0')
  }
  return { times: whole(times, 'times'), within: whole(within, 'within') }
}

function toNumber(said: unknown): number | undefined {
  if (typeof said === 'number') return Number.isSafeInteger(said) && said >= 0 ? said : undefined
  return typeof said === 'string' && /^0x[\da-f]{1,4}$/i.test(said) ? Number(said) : undefined
}

/** The members of an object. Without a list of those it may have, others than this function judge them. */
function members(value: unknown, path: string, known?: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path || '/', 'is no object')
  const stranger = known && Object.keys(value).find((member) => !known.includes(member))
  if (stranger !== undefined)
    throw wrong(`${path}/${stranger.slice(0, 100)}`, `is not known here; there are ${known?.join(', ')}`)
  return value as Json
}

const wrong = (path: string, problem: string): VirtError =>
  new VirtError('invalid-argument', `${path} of the rules ${problem}`, { path })
