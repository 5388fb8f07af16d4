import { afterAll, beforeAll, describe } from 'vitest'
import { type XenstoreServer, xenstoreServer } from './xenstore-server.js'

/** Runs a suite on a played xenstored; live tests run the same on the real ones. */
export function onPlayedXenstored(name: string, suite: (socketPath: () => string) => void): void {
  describe(`${name} on a played xenstored`, () => {
    let server: XenstoreServer
    beforeAll(async () => {
      server = await xenstoreServer()
    })
    afterAll(async () => {
      await server[Symbol.asyncDispose]()
    })
    suite(() => server.path)
  })
}
