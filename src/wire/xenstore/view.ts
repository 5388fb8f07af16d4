import { isUtf8 } from 'node:buffer'
import type { Limits } from '../../async/deadline.js'
import { errorDomains, VirtError } from '../../errors.js'
import type { Operation } from './message.js'
import { checkPath, checkPermissions, type StorePermission } from './names.js'
import { isErrno } from './store-error.js'

/** One thing that is asked of xenstored. */
export interface StoreRequest {
  readonly operation: Operation
  /** Sent each with a NUL behind it; there has to be one. */
  readonly strings: readonly [string, ...string[]]
  /** Sent after them as it is. */
  readonly value?: Uint8Array
  /** 0: none. */
  readonly transaction: number
}

/** Asks it, and answers the payload of the reply. */
export type AskStore = (request: StoreRequest, limits: Limits) => Promise<Buffer>

/** The longest list of children that is taken, in bytes. */
const maxList = 1024 * 1024

/** The tree of xenstore, as it is, or as one transaction sees it. Every call refuses paths that xenstored would. */
export class StoreView {
  readonly #send: AskStore
  readonly #transaction: number

  constructor(send: AskStore, transaction: number) {
    this.#send = send
    this.#transaction = transaction
  }

  /** The value of a node; `undefined` when there is no such node. A value that is not UTF-8 is `rpc`. */
  async read(path: string, limits: Limits = {}): Promise<string | undefined> {
    const value = await this.#find('READ', path, limits)
    if (value && !isUtf8(value))
      throw new VirtError('rpc', `${path}: the value is not UTF-8`, { path, errorDomain: errorDomains.xen })
    return value?.toString()
  }

  /** The names of a node's children, in the order of xenstored's own; `undefined` when there is no such node. */
  async directory(path: string, limits: Limits = {}): Promise<string[] | undefined> {
    try {
      const list = await this.#find('DIRECTORY', path, limits)
      return list && split(list)
    } catch (error) {
      if (isErrno(error, 'E2BIG')) return await this.#directoryInParts(path, limits)
      throw error
    }
  }

  /** Gives a node a value; missing nodes on the way are made. */
  async write(path: string, value: string | Uint8Array, limits: Limits = {}): Promise<void> {
    checkPath(path)
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    const request = { operation: 'WRITE', strings: [path], value: bytes, transaction: this.#transaction } as const
    await this.#send(request, limits)
  }

  /** Makes a node, unless it is there, and missing ones on the way. */
  async mkdir(path: string, limits: Limits = {}): Promise<void> {
    await this.#ask('MKDIR', path, [], limits)
  }

  /** Removes a node and all below it, if it is there. */
  async remove(path: string, limits: Limits = {}): Promise<void> {
    try {
      await this.#ask('RM', path, [], limits)
    } catch (error) {
      // Of a node below a missing one, xenstored says so.
      if (!isErrno(error, 'ENOENT')) throw error
    }
  }

  /** Who may do what with a node; `undefined` when there is no such node. */
  async permissions(path: string, limits: Limits = {}): Promise<StorePermission[] | undefined> {
    const list = await this.#find('GET_PERMS', path, limits)
    return list && (split(list) as StorePermission[])
  }

  /** Says who may do what with a node; nodes made below it later inherit that. */
  async setPermissions(path: string, permissions: readonly StorePermission[], limits: Limits = {}): Promise<void> {
    checkPermissions(permissions)
    await this.#ask('SET_PERMS', path, permissions, limits)
  }

  async #ask(operation: Operation, path: string, more: readonly string[], limits: Limits): Promise<Buffer> {
    checkPath(path)
    return await this.#send({ operation, strings: [path, ...more], transaction: this.#transaction }, limits)
  }

  async #find(operation: Operation, path: string, limits: Limits): Promise<Buffer | undefined> {
    try {
      return await this.#ask(operation, path, [], limits)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /** A list too long for one reply; read again from the start when it changes on the way. */
  async #directoryInParts(path: string, limits: Limits): Promise<string[]> {
    for (let tries = 0; tries < 20; tries++) {
      const list = await this.#parts(path, limits)
      if (list) return split(list)
    }
    throw new VirtError('resource-busy', `${path}: its children change faster than they can be listed; try again`, {
      path,
      errorDomain: errorDomains.xen,
    })
  }

  /**
   * A list of children in parts; `undefined` when it changed meanwhile. Each part says which state of the list it is
   * of, and the last ends with an empty name.
   */
  async #parts(path: string, limits: Limits): Promise<Buffer | undefined> {
    let list = Buffer.alloc(0)
    let first: string | undefined
    do {
      const reply = await this.#ask('DIRECTORY_PART', path, [String(list.length)], limits)
      const end = reply.indexOf(0)
      const state = reply.toString('latin1', 0, end)
      const part = reply.subarray(end + 1)
      first ??= state
      if (state !== first) return undefined
      list = Buffer.concat([list, part])
      if (part.length === 0 || list.length > maxList)
        throw new VirtError('rpc', `${path}: its list of children does not end`, {
          path,
          errorDomain: errorDomains.xen,
        })
    } while (list.length > 1 && list.at(-2) !== 0)
    return list.subarray(0, -1)
  }
}

/** The strings of a payload, each of which ends with a NUL. */
export const split = (payload: Buffer): string[] => payload.toString().split('\0').slice(0, -1)
