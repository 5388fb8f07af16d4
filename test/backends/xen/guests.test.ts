import { describe, expect, it } from 'vitest'
import { connect } from '../../../src/api/connect.js'
import { onPlayedXenstored } from '../../fakes/played-xenstored.js'
import { guestsSuite } from './guests-suite.js'

onPlayedXenstored('guests of Xen', guestsSuite)

describe('xen+xenstore:///', () => {
  it('says where no xenstored answers', async () => {
    await expect(connect('xen+xenstore:///nonexistent/socket')).rejects.toMatchObject({
      code: 'no-connection',
      details: { path: '/nonexistent/socket' },
    })
  })
})
