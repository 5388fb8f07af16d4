import { describe, expect, it } from 'vitest'
import { companionPort } from '../../src/host/usb-port.js'
import { MemoryFiles } from '../../src/os/host-files-memory.js'

const devices = '/sys/bus/usb/devices'
const files = new MemoryFiles([
  [`${devices}/3-0:1.0/usb3-port2/peer`, { link: '../../../usb4/4-0:1.0/usb4-port2' }],
  [`${devices}/3-2:1.0/3-2-port1/peer`, { link: '../../../../usb4/4-2/4-2:1.0/4-2-port1' }],
  [`${devices}/3-2.1:1.0/3-2.1-port4/peer`, { link: '../4-2.1-port4' }],
  [`${devices}/3-0:1.0/usb3-port5/peer`, { link: '../../elsewhere' }],
])

describe('companionPort', () => {
  it.each([
    ['3-2', '4-2'],
    ['3-2.1', '4-2.1'],
    ['3-2.1.4', '4-2.1.4'],
    ['3-1', undefined],
    ['3-5', undefined],
    ['usb3', undefined],
    ['3-../../x', undefined],
    ['', undefined],
  ])('of %j is %j', (port, companion) => {
    expect(companionPort(files, port)).toBe(companion)
  })
})
