import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { operations } from '../../../src/wire/xenstore/message.js'

const names = new Map<number, string>(Object.entries(operations).map(([name, type]) => [type, name]))

/** Stands before xenstored at a socket of its own, and counts what is asked, whoever asks. */
export class CountingStore implements AsyncDisposable {
  #asked: string[] = []

  private constructor(
    /** Its socket; $XENSTORED_PATH for programs of Xen's. */
    readonly path: string,
    readonly server: ReturnType<typeof createServer>,
  ) {}

  static async at(path: string, xenstored = '/run/xenstored/socket'): Promise<CountingStore> {
    const server = createServer()
    const counting = new CountingStore(path, server)
    server.on('connection', (client) => {
      const daemon = connect(xenstored)
      let rest = Buffer.alloc(0)
      client.on('data', (chunk: Buffer) => {
        rest = Buffer.concat([rest, chunk])
        // a header is four words: type, number of the request, transaction, length of what follows
        while (rest.length >= 16 && rest.length >= 16 + rest.readUInt32LE(12)) {
          counting.#asked.push(names.get(rest.readUInt32LE(0)) ?? 'other')
          rest = rest.subarray(16 + rest.readUInt32LE(12))
        }
      })
      client.pipe(daemon).pipe(client)
      for (const end of [client, daemon]) end.on('error', () => client.destroy())
    })
    server.listen(path)
    await once(server, 'listening')
    return counting
  }

  /** What was asked since the last time. */
  take(): string[] {
    return this.#asked.splice(0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close()
    await once(this.server, 'close')
  }
}
