import { afterAll, beforeAll } from 'vitest'
import { needs } from '../needs.js'
import { clientSuite } from '../wire/xenstore/client-suite.js'
import { absentXenstored, type LiveXenstored, startXenstored } from './xenstored.js'

for (const flavour of ['c', 'ocaml'] as const) {
  needs(absentXenstored(flavour)).describe(`XenstoreClient on the real xenstored in ${flavour}`, () => {
    let daemon: LiveXenstored
    beforeAll(() => {
      daemon = startXenstored(flavour)
    })
    afterAll(() => {
      daemon[Symbol.dispose]()
    })
    clientSuite(() => daemon.path)
  })
}
