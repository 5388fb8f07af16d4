import type { Socket } from 'node:net'
import { type EventMessage, type EventName, events } from '../../src/wire/libvirt-rpc/events.js'
import {
  encodeMessage,
  messageReader,
  messageStatus,
  messageTypes,
  programs,
} from '../../src/wire/libvirt-rpc/message.js'
import {
  type ArgsOf,
  type Procedure,
  type ProcedureName,
  procedures,
  type ResultOf,
} from '../../src/wire/libvirt-rpc/procedures.js'
import { remoteError } from '../../src/wire/libvirt-rpc/remote-types.js'
import { decode, encode } from '../../src/wire/xdr.js'
import { type RawServer, rawServer } from './raw-server.js'

/** What a handler throws to answer with an error of libvirt's. */
export class RemoteFailure extends Error {
  constructor(
    readonly number: number,
    readonly domain: number,
    message: string,
    readonly int1 = -1,
  ) {
    super(message)
  }
}

/** Answers calls; what it answers may be a promise, so that replies change their order. */
export type Handlers = { readonly [P in ProcedureName]?: (args: ArgsOf<P>) => ResultOf<P> | Promise<ResultOf<P>> }

/** A libvirtd that a test plays procedure by procedure. */
export interface RpcServer extends RawServer {
  /** How many calls wait for their replies, and the most there ever were. */
  readonly inFlight: { now: number; most: number }
  emit<E extends EventName>(event: E, message: EventMessage<E>): void
}

const nameOf = new Map(Object.entries(procedures).map(([name, { number }]) => [number, name as ProcedureName]))

/** Listens as a libvirtd that knows the procedures it is given, login and opening included. */
export async function rpcServer(handlers: Handlers): Promise<RpcServer> {
  const inFlight = { now: 0, most: 0 }
  const server = await rawServer((socket) => {
    const messages = messageReader(({ program, procedure, serial }, body) => {
      if (program === programs.remote) void answer(socket, procedure, serial, Buffer.from(body))
    })
    socket.on('data', (chunk) => messages.push(chunk))
  })

  async function answer(socket: Socket, number: number, serial: number, body: Buffer): Promise<void> {
    inFlight.most = Math.max(inFlight.most, ++inFlight.now)
    const reply = (status: number, bytes: Buffer) => {
      inFlight.now--
      const header = { program: programs.remote, procedure: number, type: messageTypes.reply, serial, status }
      socket.write(encodeMessage(header, bytes))
    }
    try {
      reply(messageStatus.ok, await run(number, body))
    } catch (error) {
      reply(messageStatus.error, encodeFailure(error as RemoteFailure))
    }
  }

  async function run(number: number, body: Buffer): Promise<Buffer> {
    const name = nameOf.get(number)
    const handler = name && ({ ...logIn, ...handlers }[name] as ((args: unknown) => unknown) | undefined)
    if (!name || !handler) throw new RemoteFailure(39, 7, `unknown procedure: ${number}`)
    const { args, result }: Procedure<unknown, unknown> = procedures[name]
    return encode(result, await handler(decode(args, body)))
  }

  return {
    ...server,
    inFlight,
    emit(event, message) {
      const { number, message: type } = events[event]
      const header = { program: programs.remote, procedure: number, type: messageTypes.event, serial: 0, status: 0 }
      for (const socket of server.sockets) socket.write(encodeMessage(header, encode(type as never, message as never)))
    },
  }
}

const logIn: Handlers = {
  authList: () => ({ types: [0] }),
  connectSupportsFeature: () => ({ supported: false }),
  connectOpen: () => ({}),
}

function encodeFailure({ number, domain, message, int1 }: RemoteFailure): Buffer {
  return encode(remoteError, {
    code: number,
    domain,
    message,
    level: 2,
    dom: undefined,
    str1: '%s',
    str2: message,
    str3: undefined,
    int1,
    int2: -1,
    net: undefined,
  })
}
