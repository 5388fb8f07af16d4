import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { hostdev } from '../../src/model/hostdev.js'
import { nodeDevice } from '../../src/model/node-device.js'
import { smallHost } from '../data/small-host.js'
import { root } from '../source-tree.js'

const ajv = new Ajv2020({ strict: true })

describe.each([
  ['node-device', nodeDevice],
  ['hostdev', hostdev],
])('schema/%s.json', (name, document) => {
  it('is what the tables say; else run `npm run schema`', () => {
    const shipped = JSON.parse(readFileSync(`${root}/schema/${name}.json`, 'utf8'))
    expect(shipped).toEqual(JSON.parse(JSON.stringify(document.schema())))
  })
})

describe('the JSON Schema of node devices', () => {
  const validate = ajv.compile(nodeDevice.schema())

  it.each(smallHost.map((xml) => nodeDevice.parse(xml)))('admits $name', (def) => {
    validate(def)
    expect(validate.errors).toBeNull()
  })

  it.each([
    ['no name', { capabilities: [] }],
    ['a name that is a number', { name: 7, capabilities: [] }],
    ['a member that no row has', { name: 'a', capabilities: [], colour: 'red' }],
    ['a capability without kind', { name: 'a', capabilities: [{ interface: 'eth0' }] }],
  ])('refuses %s', (_, def) => {
    expect(validate(def)).toBe(false)
  })
})

describe('the JSON Schema of hostdevs', () => {
  const validate = ajv.compile(hostdev.schema())

  it('admits one that was read, and not one without its kind', () => {
    const def = hostdev.parse(`<hostdev mode='subsystem' type='pci' managed='yes'>
      <source><address domain='0x0000' bus='0x02' slot='0x00' function='0x0'/></source>
    </hostdev>`)
    const { kind, ...rest } = def
    expect([kind, validate(def), validate(rest)]).toEqual(['pci', true, false])
  })
})
