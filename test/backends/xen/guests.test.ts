import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../../src/api/connect.js'
import { type XenstoreServer, xenstoreServer } from '../../fakes/xenstore-server.js'
import { guestsSuite } from './guests-suite.js'

describe('guests of Xen on a played xenstored', () => {
  let server: XenstoreServer
  beforeAll(async () => {
    server = await xenstoreServer()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })
  guestsSuite(() => server.path)
})

describe('xen+xenstore:///', () => {
  it('says where no xenstored answers', async () => {
    await expect(connect('xen+xenstore:///nonexistent/socket')).rejects.toMatchObject({
      code: 'no-connection',
      details: { path: '/nonexistent/socket' },
    })
  })
})
