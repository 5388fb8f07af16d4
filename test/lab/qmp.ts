import { createConnection } from 'node:net'
import { createInterface } from 'node:readline'

/** One command on a QMP socket: its answer, or QEMU's error. Written apart from the library, which the lab tests. */
export async function qmp(path: string, execute: string, parameters: object = {}): Promise<unknown> {
  // The kernel's limit (unix(7)); Node cuts a longer path without a word.
  if (Buffer.byteLength(path) > 107) throw new Error(`${path} is too long for a socket: set LAB_DIR to a shorter one.`)
  const socket = createConnection(path)
  try {
    const send = (command: object) => socket.write(`${JSON.stringify(command)}\n`)
    for await (const line of createInterface(socket)) {
      const message = JSON.parse(line)
      if (message.QMP !== undefined) {
        send({ execute: 'qmp_capabilities', id: 'greeting' })
        send({ execute, arguments: parameters, id: 'command' })
      }
      if (message.error !== undefined) throw new Error(message.error.desc)
      if (message.id === 'command') return message.return
    }
    throw new Error(`The monitor on ${path} has closed.`)
  } finally {
    socket.destroy()
  }
}
