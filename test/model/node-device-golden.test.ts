import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { nodeDevice } from '../../src/model/node-device.js'
import { root } from '../source-tree.js'
import { members, membersOf, type Schema } from './arbitrary-def.js'

const folder = `${root}/test/data/nodedev`
const files = readdirSync(folder)
const read = (file: string) => readFileSync(`${folder}/${file}`, 'utf8')

/** What libvirt's schema does not have, by file: what is newer, and what is the library's own. */
const departures: Readonly<Record<string, readonly string[]>> = {
  'input.xml': ['/@type is none of'],
  'net_bridge.xml': ['/type is not in the schema here', '/lower[1] is not', '/lower[2] is not'],
  'other_kind.xml': ['/@type is none of'],
  'scsi_host_to_be_made.xml': ['/wwnn is missing', '/wwpn is missing'],
  'sound.xml': ['/@type is none of'],
  'storage_disk.xml': ['/wwid is not in the schema here'],
  'usb_device.xml': ['/port is known to libvirt only from 12.1 on', '/serial is not in the schema here'],
}

describe.each(files)('%s', (file) => {
  it('is written as it was read; UPDATE=1 writes it anew', () => {
    const written = nodeDevice.format(nodeDevice.parse(read(file)))
    if (process.env.UPDATE) writeFileSync(`${folder}/${file}`, written)
    expect(written).toBe(read(file))
  })

  it('is admitted by the JSON Schema', () => {
    const validate = new Ajv2020().compile(nodeDevice.schema())
    validate(nodeDevice.parse(read(file)))
    expect(validate.errors).toBeNull()
  })

  it("departs from libvirt's schema only where that is known", () => {
    const found = nodeDevice.validate(read(file)).map(({ path, problem }) => `${path} ${problem}`)
    expect(found).toEqual((departures[file] ?? []).map((each) => expect.stringContaining(each)))
  })
})

describe('the files of test/data/nodedev', () => {
  it('hold every row of every table, but for what no table knows', () => {
    const held = new Set(files.flatMap((file) => membersOf(nodeDevice.parse(read(file)), 'device')))
    const rows = members(nodeDevice.schema() as Schema, 'device').filter((member) => !member.endsWith('.other'))
    expect(rows.filter((member) => !held.has(member))).toEqual([])
  })
})
