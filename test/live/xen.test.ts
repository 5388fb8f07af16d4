import { afterAll, beforeAll, describe } from 'vitest'
import { deviceModelSuite } from '../backends/xen/device-model-suite.js'
import { guestsSuite } from '../backends/xen/guests-suite.js'
import { pciSuite } from '../backends/xen/pci-suite.js'
import { usbSuite } from '../backends/xen/usb-suite.js'
import { alpha, beta, gamma } from '../fakes/xen-dom0.js'
import { needs } from '../needs.js'
import { absentXenstored, flavours, type LiveXenstored, startXenstored } from './xenstored.js'

for (const flavour of flavours) {
  needs(absentXenstored(flavour)).describe(`Xen on the real xenstored in ${flavour}`, () => {
    let daemon: LiveXenstored
    beforeAll(async () => {
      daemon = await startXenstored(flavour)
      for (const { id } of [alpha, beta, gamma]) daemon.addDomain(id)
    })
    afterAll(() => daemon[Symbol.asyncDispose]())
    describe('guests', () => guestsSuite(() => daemon.path))
    describe('PVUSB', () => usbSuite(() => daemon.path))
    describe('emulated USB', () => deviceModelSuite(() => daemon.path))
    describe('PCI', () => pciSuite(() => daemon.path))
  })
}
