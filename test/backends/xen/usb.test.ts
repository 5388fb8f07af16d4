import { afterAll, beforeAll, describe } from 'vitest'
import { type XenstoreServer, xenstoreServer } from '../../fakes/xenstore-server.js'
import { usbSuite } from './usb-suite.js'

describe('PVUSB on a played xenstored', () => {
  let server: XenstoreServer
  beforeAll(async () => {
    server = await xenstoreServer()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })
  usbSuite(() => server.path)
})
