import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import type { XenstoreClient } from '../../../src/wire/xenstore/client.js'
import { openStore } from '../../../src/wire/xenstore/open.js'
import { rawServer } from '../../fakes/raw-server.js'
import { type XenstoreServer, xenstoreServer } from '../../fakes/xenstore-server.js'

describe('XenstoreClient', () => {
  let server: XenstoreServer
  let store: XenstoreClient

  afterEach(async () => {
    store.close()
    await server[Symbol.asyncDispose]()
  })

  async function open(): Promise<void> {
    server = await xenstoreServer()
    store = await openStore({ path: server.path })
  }

  it('ends a transaction that is aborted', async () => {
    await open()
    const controller = new AbortController()
    const work = store.transaction(
      async (view) => {
        await view.write('/a', '1')
        controller.abort('enough')
        await view.write('/b', '2')
      },
      { signal: controller.signal },
    )
    await expect(work).rejects.toBe('enough')
    expect(await store.read('/a')).toBeUndefined()
    await expect(store.transaction(async () => 1, { signal: AbortSignal.abort('no') })).rejects.toBe('no')
  })

  it('tells the failure of the work, not that of undoing it', async () => {
    await open()
    const work = store.transaction(async () => {
      for (const socket of server.sockets) socket.destroy()
      throw new Error('first')
    })
    await expect(work).rejects.toThrow('first')
  })

  it('ends a watch by abort, and unwatches', async () => {
    await open()
    const controller = new AbortController()
    const changes = await store.watch('/a', { signal: controller.signal })
    controller.abort('enough')
    await expect(changes.next()).rejects.toBe('enough')
    const seen: unknown[] = []
    const listener = (message: unknown) => seen.push(message)
    subscribe('hostdev:xenstore', listener)
    await store.write('/a', '1')
    unsubscribe('hostdev:xenstore', listener)
    expect(seen).toMatchObject([
      { direction: 'sent', operation: 'WRITE', payload: '/a|1' },
      { direction: 'received', operation: 'UNWATCH', payload: 'OK|' },
      { direction: 'received', operation: 'WRITE', payload: 'OK|' },
    ])
  })

  it('disposes of a watch whose connection is lost without complaint', async () => {
    await open()
    const changes = await store.watch('/a')
    await changes.next()
    for (const socket of server.sockets) socket.destroy()
    expect(await store.closed).toMatchObject({ code: 'no-connection' })
    await expect(changes.next()).rejects.toMatchObject({ code: 'no-connection' })
    await changes.return()
  })

  it('refuses a transaction in what has ended', async () => {
    await open()
    const late = await store.transaction(async (view) => view)
    await expect(late.write('/a', '1')).rejects.toMatchObject({ details: { errno: 'ENOENT' } })
  })
})

describe('openStore', () => {
  it('says why the device of guests cannot be used', async () => {
    await expect(openStore({ path: '/dev/xen/xenbus' })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('character device'),
    })
  })

  it.each([
    ['XENSTORED_PATH', (path: string) => path],
    ['XENSTORED_RUNDIR', (path: string) => path.replace(/\/socket$/, '')],
  ])('follows %s', async (variable, from) => {
    await using listening = await rawServer(() => {})
    process.env[variable] = from(listening.path)
    const opened = await openStore()
    delete process.env[variable]
    expect(opened.peer).toBe(listening.path)
    opened.close()
  })

  it('tells that no xenstored runs', async () => {
    await expect(openStore({ path: '/nowhere/socket' })).rejects.toMatchObject({ code: 'no-connection' })
  })
})
