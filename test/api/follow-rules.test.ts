import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parseFollowRules, VirtError } from '../../src/index.js'
import { root } from '../source-tree.js'

const validate = new Ajv2020().compile(JSON.parse(readFileSync(`${root}/schema/follow-rules.json`, 'utf8')))
const rule = (device: unknown, rest = {}) => ({ rules: [{ guest: 'web', device, ...rest }] })

describe('parseFollowRules', () => {
  it('reads guests, devices and limits', () => {
    const rules = {
      $schema: 'https://example.org/follow-rules.json',
      rules: [
        { guest: 'web', device: { vendor: '0x0403', product: 24577, serial: 'A50285BI' } },
        { guest: 'db', device: { pci: '0000:03:00.0' }, limit: { times: 3, within: 10_000 } },
      ],
    }
    expect(validate(rules)).toBe(true)
    expect(parseFollowRules(JSON.stringify(rules))).toEqual([
      { domain: 'web', device: { vendor: 0x403, product: 0x6001, serial: 'A50285BI' } },
      { domain: 'db', device: { pci: '0000:03:00.0' }, limit: { times: 3, within: 10_000 } },
    ])
  })

  it.each<[unknown, string]>([
    [[], '/'],
    [null, '/'],
    [{}, '/rules'],
    [{ rules: [] }, '/rules'],
    [{ rules: {} }, '/rules'],
    [{ rules: ['web'] }, '/rules/0'],
    [{ rules: [{ device: { serial: 'x' } }] }, '/rules/0/guest'],
    [{ rules: [{ guest: '', device: { serial: 'x' } }] }, '/rules/0/guest'],
    [{ rules: [{ guest: 'web' }] }, '/rules/0/device'],
    [rule({}), '/rules/0/device'],
    [rule({ colour: 'red' }), '/rules/0/device'],
    [rule({ vendor: 'FTDI' }), '/rules/0/device/vendor'],
    [rule({ vendor: '0x12345' }), '/rules/0/device/vendor'],
    [rule({ vendor: -1 }), '/rules/0/device/vendor'],
    [rule({ vendor: 1.5 }), '/rules/0/device/vendor'],
    [rule({ serial: 7 }), '/rules/0/device/serial'],
    [rule({ serial: '' }), '/rules/0/device/serial'],
    [rule({ serial: 'x' }, { limit: { times: 0, within: 1 } }), '/rules/0/limit/times'],
    [rule({ serial: 'x' }, { limit: { times: 1 } }), '/rules/0/limit/within'],
    [rule({ serial: 'x' }, { when: 'always' }), '/rules/0/when'],
    [{ rules: rule({ serial: 'x' }).rules, more: 1 }, '/more'],
  ])('refuses %j, and names the place, as the schema does', (rules, path) => {
    expect(validate(rules)).toBe(false)
    const refused = () => parseFollowRules(JSON.stringify(rules))
    expect(refused).toThrow(VirtError)
    try {
      refused()
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid-argument', details: { path } })
    }
  })

  it('refuses what is not JSON, and what is far too large', () => {
    expect(() => parseFollowRules('rules: []')).toThrow(/not JSON/)
    expect(() => parseFollowRules(' '.repeat(1_000_001))).toThrow(/refused/)
  })
})
