import { describe, expect, it } from 'vitest'
import { capability, nodeDevice } from '../../src/model/node-device.js'
import { valueSource } from '../../src/model/value-sources.js'

type Schema = { properties?: Record<string, Schema>; items?: Schema; type?: string }

function paths(schema: Schema, at = ''): string[] {
  if (schema.items) return paths(schema.items, at)
  if (!schema.properties) return [at]
  return Object.entries(schema.properties).flatMap(([key, inner]) => paths(inner, at === '' ? key : `${at}.${key}`))
}

describe('valueSource', () => {
  it.each(Object.entries(capability.arms))('knows where every value of %s comes from', (kind, arm) => {
    expect(paths(arm.schema() as Schema).filter((path) => !valueSource(kind, path))).toEqual([])
  })

  it('knows where what all devices have comes from', () => {
    const { name, capabilities, ...rest } = (nodeDevice.schema() as Schema).properties ?? {}
    expect(Object.keys(rest).filter((path) => !valueSource('device', path))).toEqual([])
  })

  it('knows nothing of the properties of Object', () => {
    expect([valueSource('constructor', 'name'), valueSource('pci', 'constructor')]).toEqual([undefined, undefined])
  })
})
