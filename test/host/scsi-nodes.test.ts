import { describe, expect, it } from 'vitest'
import { scsiHostNumber, scsiNodes } from '../../src/host/scsi-nodes.js'
import { MemoryFiles } from '../../src/os/host-files-memory.js'

describe('scsiHostNumber', () => {
  it('reads the name of an adapter', () => {
    expect(scsiHostNumber('scsi_host12')).toBe(12)
  })

  it.each(['scsi_host', 'scsi_host-1', 'scsi_hostx', 'host5', 'fc_host5', 'scsi_host5/', ''])('refuses %j', (name) => {
    expect(() => scsiHostNumber(name)).toThrow('is not the name of a SCSI adapter')
  })
})

describe('scsiNodes', () => {
  const files = new MemoryFiles({
    '/sys/bus/scsi/devices/1:0:0:0/scsi_generic/sg8/dev': '21:8\n',
    '/sys/bus/scsi/devices/1:0:0:0/block/sdh/dev': '8:112\n',
    '/sys/bus/scsi/devices/1:0:0:1/type': '5\n',
  })

  it('finds the nodes of a logical unit', () => {
    expect(scsiNodes(files, { host: 1, bus: 0, target: 0, unit: 0 })).toEqual({ generic: 'sg8', block: 'sdh' })
  })

  it('finds none where no driver has made one', () => {
    expect(scsiNodes(files, { host: 1, bus: 0, target: 0, unit: '1' })).toEqual({})
  })

  it('says that there is no such unit', () => {
    expect(() => scsiNodes(files, { host: 2, bus: 0, target: 0, unit: 0 })).toThrow('there is no SCSI device 2:0:0:0')
  })
})
