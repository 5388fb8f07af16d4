import { afterAll, beforeAll, describe } from 'vitest'
import type { RpcServer } from '../../fakes/rpc-server.js'
import { testDriver } from '../../fakes/test-driver.js'
import { clientSuite } from './client-suite.js'

describe('RpcClient on a played libvirtd', () => {
  let server: RpcServer
  beforeAll(async () => {
    server = await testDriver()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })
  clientSuite(() => server.path)
})
