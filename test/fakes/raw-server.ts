import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A unix socket in a folder of its own. */
export interface RawServer extends AsyncDisposable {
  readonly path: string
  /** Those who are connected. */
  readonly sockets: ReadonlySet<Socket>
}

/** Listens on a unix socket; the test plays the daemon byte for byte. */
export async function rawServer(serve: (socket: Socket) => void): Promise<RawServer> {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-'))
  const path = join(folder, 'socket')
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A client that breaks off is no failure of the test.
    socket.on('error', () => {})
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    path,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
