import { afterAll, beforeAll, describe } from 'vitest'
import { type XenstoreServer, xenstoreServer } from '../../fakes/xenstore-server.js'
import { pciSuite } from './pci-suite.js'

describe('PCI devices of Xen on a played xenstored', () => {
  let server: XenstoreServer
  beforeAll(async () => {
    server = await xenstoreServer()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })
  pciSuite(() => server.path)
})
