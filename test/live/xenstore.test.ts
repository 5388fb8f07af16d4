import { afterAll, beforeAll } from 'vitest'
import { needs } from '../needs.js'
import { clientSuite } from '../wire/xenstore/client-suite.js'
import { absentXenstored, flavours, type LiveXenstored, startXenstored } from './xenstored.js'

for (const flavour of flavours) {
  needs(absentXenstored(flavour)).describe(`XenstoreClient on the real xenstored in ${flavour}`, () => {
    let daemon: LiveXenstored
    beforeAll(async () => {
      daemon = await startXenstored(flavour)
    })
    afterAll(() => daemon[Symbol.asyncDispose]())
    clientSuite(() => daemon.path)
  })
}
