import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../src/index.js'
import { mock } from '../../src/mock.js'
import { nodeDeviceContract } from '../contract/node-devices.js'
import { smallHost } from '../data/small-host.js'

nodeDeviceContract('the mock', { open: (options) => connect(mock({ devices: smallHost }), options) })

describe('mock', () => {
  it('refuses two devices of one name', async () => {
    await expect(mock({ devices: [smallHost[0], smallHost[0]] as string[] })).rejects.toThrow(
      /two devices named computer/,
    )
  })

  it('refuses XML that is no device, naming the line', async () => {
    await expect(mock({ devices: ['<device>\n<name>a</name>\n</devise>'] })).rejects.toMatchObject({
      code: 'xml-syntax',
      details: { line: 3 },
    })
  })

  it('gives copies: a test cannot change the host behind its back', async () => {
    const conn = await connect(mock({ devices: smallHost }))
    const device = await conn.lookupNodeDevice('net_eth0_52_54_00_aa_bb_cc')
    ;(await device.def()).driver = 'changed'
    expect((await device.def()).driver).toBeUndefined()
  })
})

describe('mock:///FOLDER', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostdev-mock-'))
    await Promise.all(smallHost.map((xml, index) => writeFile(join(folder, `${index}.xml`), xml)))
    await writeFile(join(folder, 'README'), 'no device')
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is a host whose devices are the XML files of a folder', async () => {
    await using conn = await connect(`mock://${folder}`)
    expect(await conn.numOfNodeDevices()).toBe(smallHost.length)
  })

  it('says that a folder is missing', async () => {
    await expect(connect(`mock://${folder}/absent`)).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('asks for a folder when none is named', async () => {
    await expect(connect('mock:///')).rejects.toThrow(/mock:\/\/\/path\/to\/folder/)
  })
})

describe('conn.probe', () => {
  it('says of each call whether the backend has it', async () => {
    const conn = await connect(mock())
    const abilities = await conn.probe()
    expect(abilities.find(({ call }) => call === 'devices.lookupByKey')).toEqual({
      call: 'devices.lookupByKey',
      can: true,
    })
    expect(abilities.find(({ call }) => call === 'devices.recover')).toMatchObject({ can: false })
  })
})

describe('conn.resolve', () => {
  it('gives the device that is meant', async () => {
    const conn = await connect(mock({ devices: smallHost }))
    expect((await conn.resolve({ pci: '0000:00:1f.2' })).name).toBe('pci_0000_00_1f_2')
  })
})
