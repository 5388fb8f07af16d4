import type { Socket } from 'node:net'
import {
  encodeMessage,
  maxPayload,
  messageReader,
  type Operation,
  operations,
  replies,
} from '../../src/wire/xenstore/message.js'
import { type RawServer, rawServer } from './raw-server.js'

/** What makes xenstored answer with an error. */
class Errno extends Error {}

interface Node {
  value: Buffer
  permissions: string[]
  /** Counts changes, so that a transaction knows whether what it saw still stands. */
  generation: number
}

type Tree = Map<string, Node>

interface Transaction {
  readonly tree: Tree
  /** What it has seen or changed, and the generation that had when it began; 0 for what was not there. */
  readonly touched: Map<string, number>
  readonly changed: Set<string>
  /** What watches are to hear of when it is committed. */
  readonly told: string[]
}

interface Watch {
  readonly socket: Socket
  readonly path: string
  readonly token: string
}

/** A xenstored that a test can also look into and write to, as somebody else would. */
export interface XenstoreServer extends RawServer {
  read(path: string): string | undefined
  write(path: string, value: string): void
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'
const isBelow = (path: string, top: string): boolean => top === '/' || path === top || path.startsWith(`${top}/`)
const absolute = (path: string): string =>
  path.startsWith('/') || path.startsWith('@') ? path : `/local/domain/0/${path}`
const names = new Map<number, Operation>(Object.entries(operations).map(([name, type]) => [type, name as Operation]))

/** Plays xenstored as domain 0 sees it: the tree, transactions with conflicts, watches, which domains exist. */
export async function xenstoreServer(): Promise<XenstoreServer> {
  const domains = new Set([0])
  const tree: Tree = new Map([['/', { value: Buffer.alloc(0), permissions: ['n0'], generation: 1 }]])
  const transactions = new Map<number, Transaction>()
  let watches: Watch[] = []
  let generation = 1
  let lastTransaction = 0

  const server = await rawServer((socket) => {
    const messages = messageReader(
      ({ type, requestId, transaction, payload }) => {
        const say = (kind: number, bytes: Buffer) =>
          socket.write(encodeMessage({ type: kind, requestId, transaction, payload: bytes }))
        try {
          const { reply, afterwards } = answer(socket, names.get(type), transaction, payload)
          say(type, reply)
          afterwards?.()
        } catch (error) {
          say(replies.ERROR, Buffer.from(`${(error as Errno).message}\0`))
        }
      },
      () => new Error('too long'),
    )
    socket.on('data', (chunk) => messages.push(chunk))
    socket.on('close', () => {
      watches = watches.filter((watch) => watch.socket !== socket)
    })
  })

  function answer(socket: Socket, operation: Operation | undefined, id: number, payload: Buffer) {
    const transaction = id === 0 ? undefined : transactions.get(id)
    if (id !== 0 && !transaction) throw new Errno('ENOENT')
    const view = viewOf(transaction)
    const strings = payload.toString('latin1').split('\0')
    const [first = '', second = ''] = strings
    const path = absolute(first)
    const ok = { reply: Buffer.from('OK\0') }
    const text = (...all: string[]) => ({ reply: Buffer.from(all.map((one) => `${one}\0`).join('')) })

    const handlers: Partial<Record<Operation, () => { reply: Buffer; afterwards?: () => void }>> = {
      READ: () => ({ reply: view.get(path).value }),
      WRITE: () => {
        view.write(path, Buffer.from(payload.subarray(payload.indexOf(0) + 1)))
        return ok
      },
      MKDIR: () => {
        if (!view.has(path)) view.write(path, Buffer.alloc(0))
        return ok
      },
      RM: () => {
        if (path === '/') throw new Errno('EINVAL')
        if (!view.has(parentOf(path))) throw new Errno('ENOENT')
        view.remove(path)
        return ok
      },
      DIRECTORY: () => {
        const list = text(...view.children(path))
        if (list.reply.length > maxPayload) throw new Errno('E2BIG')
        return list
      },
      DIRECTORY_PART: () => {
        const list = Buffer.concat([text(...view.children(path)).reply, Buffer.from([0])])
        const mark = Buffer.from(`${view.get(path).generation}\0`)
        return { reply: Buffer.concat([mark, list.subarray(Number(second))]).subarray(0, maxPayload) }
      },
      GET_PERMS: () => text(...view.get(path).permissions),
      SET_PERMS: () => {
        view.setPermissions(path, strings.slice(1, -1))
        return ok
      },
      WATCH: () => {
        if (watches.some((watch) => watch.socket === socket && watch.path === first && watch.token === second))
          throw new Errno('EEXIST')
        const watch = { socket, path: first, token: second }
        watches.push(watch)
        return { ...ok, afterwards: () => tell(watch, absolute(first)) }
      },
      UNWATCH: () => {
        const rest = watches.filter(
          (watch) => watch.socket !== socket || watch.path !== first || watch.token !== second,
        )
        if (rest.length === watches.length) throw new Errno('ENOENT')
        watches = rest
        return ok
      },
      RESET_WATCHES: () => {
        watches = watches.filter((watch) => watch.socket !== socket)
        return ok
      },
      TRANSACTION_START: () => {
        if (transaction) throw new Errno('EBUSY')
        transactions.set(++lastTransaction, { tree: new Map(tree), touched: new Map(), changed: new Set(), told: [] })
        return text(String(lastTransaction))
      },
      TRANSACTION_END: () => {
        if (!transaction) throw new Errno('ENOENT')
        transactions.delete(id)
        return first === 'T' ? { ...ok, afterwards: commit(transaction) } : ok
      },
      GET_DOMAIN_PATH: () => text(`/local/domain/${first}`),
      IS_DOMAIN_INTRODUCED: () => text(domains.has(Number(first)) ? 'T' : 'F'),
      INTRODUCE: () => {
        domains.add(Number(first))
        return { ...ok, afterwards: () => fire('@introduceDomain') }
      },
      RELEASE: () => {
        if (!domains.delete(Number(first))) throw new Errno('ENOENT')
        return { ...ok, afterwards: () => fire('@releaseDomain') }
      },
    }
    const handler = operation && handlers[operation]
    if (!handler) throw new Errno('ENOSYS')
    return handler()
  }

  /** The tree, or a transaction's copy of it, which notes what it sees and changes. */
  function viewOf(transaction: Transaction | undefined) {
    const nodes = transaction?.tree ?? tree
    const touch = (path: string) => {
      if (transaction && !transaction.touched.has(path)) transaction.touched.set(path, nodes.get(path)?.generation ?? 0)
    }
    const has = (path: string) => {
      touch(path)
      return nodes.has(path)
    }
    const get = (path: string): Node => {
      const node = has(path) ? nodes.get(path) : undefined
      if (!node) throw new Errno('ENOENT')
      return node
    }
    const change = (path: string, node: Omit<Node, 'generation'> | undefined) => {
      touch(path)
      if (node) nodes.set(path, { ...node, generation: ++generation })
      else nodes.delete(path)
      transaction?.changed.add(path)
    }
    /** A node's parents change with it: their lists of children do. */
    const make = (path: string) => {
      if (has(path)) return
      const parent = parentOf(path)
      make(parent)
      change(path, { value: Buffer.alloc(0), permissions: get(parent).permissions })
      change(parent, get(parent))
    }
    const announce = (path: string) => {
      if (transaction) transaction.told.push(path)
      else fire(path)
    }
    return {
      has,
      get,
      write(path: string, value: Buffer) {
        make(path)
        change(path, { ...get(path), value })
        announce(path)
      },
      children(path: string): string[] {
        get(path)
        return [...nodes.keys()]
          .filter((key) => key !== '/' && parentOf(key) === path)
          .map((key) => key.slice(key.lastIndexOf('/') + 1))
      },
      setPermissions(path: string, permissions: string[]) {
        change(path, { ...get(path), permissions })
        announce(path)
      },
      remove(path: string) {
        if (!has(path)) return
        for (const key of [...nodes.keys()].filter((key) => isBelow(key, path))) change(key, undefined)
        change(parentOf(path), get(parentOf(path)))
        announce(path)
      },
    }
  }

  /** Makes a transaction's changes everybody's, unless what it saw has changed; answers what tells the watches. */
  function commit({ tree: copy, touched, changed, told }: Transaction): () => void {
    for (const [path, seen] of touched) if ((tree.get(path)?.generation ?? 0) !== seen) throw new Errno('EAGAIN')
    for (const path of changed) {
      const node = copy.get(path)
      if (node) tree.set(path, node)
      else tree.delete(path)
    }
    return () => {
      for (const path of told) fire(path)
    }
  }

  function fire(path: string): void {
    for (const watch of watches) {
      const watched = absolute(watch.path)
      if (isBelow(path, watched)) tell(watch, path)
      // Who watches a part of what was removed hears of its own path.
      else if (isBelow(watched, path) && !tree.has(path)) tell(watch, watched)
    }
  }

  function tell({ socket, path, token }: Watch, changed: string): void {
    const name = path.startsWith('/') || path.startsWith('@') ? changed : changed.slice('/local/domain/0/'.length)
    const payload = Buffer.from(`${name}\0${token}\0`)
    socket.write(encodeMessage({ type: replies.WATCH_EVENT, requestId: 0, transaction: 0, payload }))
  }

  return {
    ...server,
    read: (path) => tree.get(path)?.value.toString(),
    write: (path, value) => viewOf(undefined).write(path, Buffer.from(value)),
  }
}
