import fc from 'fast-check'
import { normalIp } from '../../src/model/ip-address.js'
import { seed } from '../seed.js'

/** A JSON Schema as far as the tables make one. */
export interface Schema {
  type?: string
  properties?: Record<string, Schema>
  required?: readonly string[]
  items?: Schema
  oneOf?: readonly Schema[]
  anyOf?: readonly Schema[]
  enum?: readonly unknown[]
  const?: unknown
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  minProperties?: number
  examples?: readonly unknown[]
  $ref?: string
}

const hostile = fc.constantFrom("'", '"', '<', '&', ']]>', ' a ', '\n', '\t', '../', '%s', '$(id)', 'é', '𝕏', '-')

/** Addresses that are networks and netmasks as well. */
const networks = fc.constantFrom('0.0.0.0', '128.0.0.0', '255.0.0.0', '::', 'fd00::')

/** Patterns that few of their matches satisfy altogether. */
const narrow: Readonly<Record<string, fc.Arbitrary<string>>> = {
  '^[\\da-f:.]+$': fc.oneof(networks, networks, fc.ipV4(), fc.ipV6()).map((ip) => normalIp(ip) ?? ''),
}

function text({ pattern, minLength = 0, maxLength = 12 }: Schema): fc.Arbitrary<string> {
  if (pattern !== undefined) return narrow[pattern] ?? fc.stringMatching(new RegExp(pattern))
  const any = fc.oneof(fc.string({ minLength, maxLength }), hostile)
  return any.filter((value) => value.length >= minLength)
}

/** Elements that no table knows. */
const raw = fc.constantFrom(
  { name: 'future', attributes: { since: '13.0' }, content: ['a < b'] },
  { name: 'x:future', content: [{ name: '__proto__' }, ' & ', { name: 'b', attributes: { __proto__x: "'" } }] },
)

/** Defs of every shape that a schema allows: what a table declares is what is tried. */
export function arbitrary(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.$ref) return raw
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.examples) return fc.constantFrom(...schema.examples)
  const alternatives = schema.oneOf ?? (schema.properties ? undefined : schema.anyOf)
  if (alternatives) return fc.oneof(...alternatives.filter((each) => !isOther(each)).map(arbitrary))
  switch (schema.type) {
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 0xffff_ffff })
    case 'array':
      return fc.array(arbitrary(schema.items ?? {}), { minLength: 1, maxLength: 2 })
    case 'object':
      return object(schema)
    default:
      return text(schema)
  }
}

/** Few of the members it may lack: rules between members would else refuse most of what is tried. */
function object({ properties = {}, required = [], minProperties = 0 }: Schema): fc.Arbitrary<unknown> {
  const absent = { weight: 3, arbitrary: fc.constant(undefined) }
  const member = (key: string, inner: Schema) =>
    required.includes(key) ? arbitrary(inner) : fc.oneof(absent, { weight: 1, arbitrary: arbitrary(inner) })
  const members = Object.entries(properties).map(([key, inner]) => [key, member(key, inner)])
  return fc
    .record(Object.fromEntries(members) as Record<string, fc.Arbitrary<unknown>>)
    .map((def) => Object.fromEntries(Object.entries(def).filter(([, value]) => value !== undefined)))
    .filter((def) => Object.keys(def).length >= minProperties)
}

const isOther = ({ properties }: Schema) => properties?.kind?.const === 'other'

/** Seeds for rounds of a property: one, and more until enough has been seen or so many rounds have not sufficed. */
export function* rounds(isEnough: () => boolean, most = 30): Generator<number> {
  for (let round = 0; round === 0 || (round < most && !isEnough()); round++) yield seed + round
}

/** Every member a schema declares, as `hostdev.usb.source.vendor`. */
export function members(schema: Schema, at: string): string[] {
  if (schema.oneOf)
    return schema.oneOf
      .filter((each) => !isOther(each))
      .flatMap((each) => members(each, `${at}.${each.properties?.kind?.const}`))
  if (schema.items) return members(schema.items, at)
  if (!schema.properties) return [at]
  const { kind: _, ...properties } = schema.properties
  return [at, ...Object.entries(properties).flatMap(([key, inner]) => members(inner, `${at}.${key}`))]
}

/** The members a def has, spelt the same way. */
export function membersOf(def: unknown, at: string): string[] {
  if (Array.isArray(def)) return def.flatMap((item) => membersOf(item, at))
  if (typeof def !== 'object' || def === null) return [at]
  const { kind, ...rest } = def as Record<string, unknown>
  const here = kind === undefined ? at : `${at}.${String(kind)}`
  return [here, ...Object.entries(rest).flatMap(([key, value]) => membersOf(value, `${here}.${key}`))]
}
