import { afterAll, beforeAll, describe } from 'vitest'
import { type XenstoreServer, xenstoreServer } from '../../fakes/xenstore-server.js'
import { clientSuite } from './client-suite.js'

describe('XenstoreClient on a played xenstored', () => {
  let server: XenstoreServer
  beforeAll(async () => {
    server = await xenstoreServer()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })
  clientSuite(() => server.path)
})
