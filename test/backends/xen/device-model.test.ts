import { afterAll, beforeAll, describe } from 'vitest'
import { type XenstoreServer, xenstoreServer } from '../../fakes/xenstore-server.js'
import { deviceModelSuite } from './device-model-suite.js'

describe('emulated USB of Xen on a played xenstored', () => {
  let server: XenstoreServer
  beforeAll(async () => {
    server = await xenstoreServer()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })
  deviceModelSuite(() => server.path)
})
