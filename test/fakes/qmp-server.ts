import type { Socket } from 'node:net'
import { type RawServer, rawServer } from './raw-server.js'

type Args = Readonly<Record<string, unknown>>

/** What a handler throws to answer with an error of QEMU's. */
export class QmpFailure extends Error {
  constructor(
    readonly qmpClass: string,
    desc: string,
  ) {
    super(desc)
  }
}

/** Answers commands; what it answers may be a promise, so that replies change their order. */
export type QmpHandlers = Readonly<Record<string, (args: Args) => unknown>>

/** A QEMU monitor that a test plays command by command. */
export interface QmpServer extends RawServer {
  emit(event: string, data: Args): void
}

/** How a monitor writes: QEMU ends its lines with CR LF, and writes each object on many lines when asked to. */
export interface QmpStyle {
  readonly pretty?: boolean
}

const greeting = {
  QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: 'fake' }, capabilities: ['oob'] },
}

/** Listens as a QEMU that knows the commands it is given. Like QEMU, it greets one client at a time. */
export async function qmpServer(handlers: QmpHandlers, { pretty = false }: QmpStyle = {}): Promise<QmpServer> {
  const clients: Socket[] = []
  const say = (socket: Socket | undefined, message: unknown) =>
    socket?.write(`${JSON.stringify(message, null, pretty ? 4 : 0)}\r\n`)

  const server = await rawServer((socket) => {
    clients.push(socket)
    socket.on('close', () => {
      clients.splice(clients.indexOf(socket), 1)
      serve(clients[0])
    })
    if (clients.length === 1) serve(socket)
  })

  function serve(socket: Socket | undefined): void {
    let negotiated = false
    let rest = ''
    say(socket, greeting)
    socket?.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { execute, arguments: args = {}, id } = JSON.parse(line)
        void answer(execute, args).then((reply) => say(socket, { ...reply, id }))
      }
    })

    async function answer(name: string, args: Args): Promise<object> {
      try {
        if (!negotiated && name !== 'qmp_capabilities')
          throw new QmpFailure('CommandNotFound', "Expecting capabilities negotiation with 'qmp_capabilities'")
        if (name === 'qmp_capabilities') negotiated = true
        return { return: name === 'qmp_capabilities' ? {} : await run(name, args) }
      } catch (error) {
        const { qmpClass, message } = error as QmpFailure
        return { error: { class: qmpClass, desc: message } }
      }
    }
  }

  async function run(name: string, args: Args): Promise<unknown> {
    const handler = handlers[name]
    if (!handler) throw new QmpFailure('CommandNotFound', `The command ${name} has not been found`)
    return await handler(args)
  }

  return {
    ...server,
    emit: (event, data) => say(clients[0], { timestamp: { seconds: 1700000000, microseconds: 500000 }, event, data }),
  }
}

/**
 * Plays as much of a stopped QEMU as our client tests ask of it: status, devices that come and go, its end.
 */
export async function playedQemu(): Promise<QmpServer> {
  const devices = new Set<string>()
  const server = await qmpServer({
    'query-status': () => ({ status: 'prelaunch', singlestep: false, running: false }),
    'qom-list-types': () => [{ name: 'usb-tablet', parent: 'usb-hid' }],
    device_add: ({ id }) => {
      if (devices.has(String(id))) throw new QmpFailure('GenericError', `Duplicate device ID '${id}'`)
      devices.add(String(id))
      return {}
    },
    device_del: ({ id }) => {
      if (!devices.delete(String(id))) throw new QmpFailure('DeviceNotFound', `Device '${id}' not found`)
      setTimeout(() => server.emit('DEVICE_DELETED', { device: id, path: `/machine/peripheral/${id}` }), 5)
      return {}
    },
    quit: () => {
      server.emit('SHUTDOWN', { guest: false, reason: 'host-qmp-quit' })
      setImmediate(() => {
        for (const socket of server.sockets) socket.end()
      })
      return {}
    },
  })
  return server
}
