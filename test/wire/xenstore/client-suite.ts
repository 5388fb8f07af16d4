import { afterEach, beforeEach, expect, it } from 'vitest'
import type { XenstoreClient } from '../../../src/wire/xenstore/client.js'
import { openStore } from '../../../src/wire/xenstore/open.js'

/** What a client sees of xenstored: the same on both real ones and on the one the unit tests play. */
export function clientSuite(socketPath: () => string): void {
  const root = '/hostdev-test'
  let store: XenstoreClient

  beforeEach(async () => {
    store = await openStore({ path: socketPath() })
    await store.remove(root)
  })
  afterEach(async () => {
    await store.remove(root)
    store.close()
  })

  it('reads what was written, and nothing where nothing is', async () => {
    await store.write(`${root}/a/b`, 'value')
    expect(await store.read(`${root}/a/b`)).toBe('value')
    expect(await store.read(`${root}/a`)).toBe('')
    expect(await store.read(`${root}/c`)).toBeUndefined()
    expect(await store.directory(`${root}/c`)).toBeUndefined()
    expect(await store.permissions(`${root}/c`)).toBeUndefined()
  })

  it('keeps values as they are', async () => {
    for (const value of ['', 'ä "quoted" <text>\n', 'x'.repeat(2000)]) {
      await store.write(`${root}/v`, value)
      expect(await store.read(`${root}/v`)).toBe(value)
    }
  })

  it('refuses to take a value that is not UTF-8 for text', async () => {
    await store.write(`${root}/v`, Buffer.from([0xc3, 0x28]))
    await expect(store.read(`${root}/v`)).rejects.toMatchObject({ code: 'rpc' })
  })

  it('lists children', async () => {
    await store.mkdir(`${root}/empty`)
    for (const name of ['b', 'a', 'c']) await store.write(`${root}/${name}`, '')
    expect((await store.directory(root))?.sort()).toEqual(['a', 'b', 'c', 'empty'])
    expect(await store.directory(`${root}/empty`)).toEqual([])
  })

  it('lists children that do not fit into one reply', async () => {
    const names = Array.from({ length: 600 }, (_, i) => `child-number-${String(i).padStart(4, '0')}`)
    await Promise.all(names.map((name) => store.write(`${root}/many/${name}`, '')))
    expect((await store.directory(`${root}/many`))?.sort()).toEqual(names)
  })

  it('leaves a node that is there alone when asked to make it', async () => {
    await store.write(`${root}/a`, 'kept')
    await store.mkdir(`${root}/a`)
    expect(await store.read(`${root}/a`)).toBe('kept')
  })

  it('removes a node with all below it, and does not mind one that is not there', async () => {
    await store.write(`${root}/a/b/c`, 'x')
    await store.remove(`${root}/a`)
    expect(await store.read(`${root}/a/b/c`)).toBeUndefined()
    await store.remove(`${root}/a`)
    await store.remove(`${root}/no/such/thing`)
  })

  it('sets permissions, which new nodes below inherit', async () => {
    await store.mkdir(`${root}/a`)
    expect(await store.permissions(`${root}/a`)).toEqual(['n0'])
    await store.setPermissions(`${root}/a`, ['r0', 'b0'])
    await store.write(`${root}/a/b`, '')
    expect(await store.permissions(`${root}/a/b`)).toEqual(['r0', 'b0'])
  })

  it('tells the errno of a refusal', async () => {
    await expect(store.setPermissions(`${root}/no`, ['n0'])).rejects.toMatchObject({
      code: 'operation-failed',
      message: `${root}/no: xenstored refuses SET_PERMS: ENOENT`,
      details: { errno: 'ENOENT', path: `${root}/no` },
    })
    await expect(store.ask('GET_FEATURE', ['0'])).rejects.toMatchObject({ code: 'unsupported' })
  })

  it.each([
    '',
    '/a.b',
    '/a:b',
    '/a b',
    '//a',
    '/a//b',
    '/a/',
    '/ä',
    '/a\0b',
    '@introduceDomain',
    `/${'a'.repeat(3072)}`,
  ])('refuses the path %j before it is sent', async (path) => {
    await expect(store.read(path)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('refuses more than one message can carry, before it is sent', async () => {
    await expect(store.write(`${root}/a`, 'x'.repeat(4090))).rejects.toMatchObject({ code: 'limit-exceeded' })
    await expect(store.setPermissions(root, [])).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(store.setPermissions(root, ['x5' as 'r5'])).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('answers many requests sent at once, each its own', async () => {
    const all = Array.from({ length: 200 }, (_, i) => i)
    await Promise.all(all.map((i) => store.write(`${root}/n/${i}`, `${i}`)))
    expect(await Promise.all(all.map((i) => store.read(`${root}/n/${i}`)))).toEqual(all.map(String))
  })

  it('commits a transaction as a whole', async () => {
    const answer = await store.transaction(async (view) => {
      await view.write(`${root}/a`, '1')
      await view.write(`${root}/b`, '2')
      expect(await view.read(`${root}/a`)).toBe('1')
      expect(await store.read(`${root}/a`)).toBeUndefined()
      return 'done'
    })
    expect(answer).toBe('done')
    expect([await store.read(`${root}/a`), await store.read(`${root}/b`)]).toEqual(['1', '2'])
  })

  it('undoes a transaction whose work fails', async () => {
    const work = store.transaction(async (view) => {
      await view.write(`${root}/a`, '1')
      throw new Error('changed my mind')
    })
    await expect(work).rejects.toThrow('changed my mind')
    expect(await store.read(`${root}/a`)).toBeUndefined()
  })

  it('runs a transaction again when somebody else was quicker', async () => {
    await store.write(`${root}/counter`, '0')
    let runs = 0
    await store.transaction(async (view) => {
      const seen = await view.read(`${root}/counter`)
      if (++runs === 1) await store.write(`${root}/counter`, '10')
      await view.write(`${root}/counter`, `${Number(seen) + 1}`)
    })
    expect([runs, await store.read(`${root}/counter`)]).toEqual([2, '11'])
  })

  it('gives a transaction up that never succeeds', async () => {
    await store.write(`${root}/counter`, '0')
    let runs = 0
    const hopeless = store.transaction(
      async (view) => {
        await view.read(`${root}/counter`)
        await store.write(`${root}/counter`, `${++runs}`)
        await view.write(`${root}/counter`, 'mine')
      },
      { attempts: 3 },
    )
    await expect(hopeless).rejects.toMatchObject({ code: 'resource-busy', details: { errno: 'EAGAIN' } })
    expect(runs).toBe(3)
  })

  it('lets transactions of many run side by side', async () => {
    await store.write(`${root}/counter`, '0')
    const increment = () =>
      store.transaction(async (view) => {
        const value = Number(await view.read(`${root}/counter`))
        await view.write(`${root}/counter`, String(value + 1))
      })
    await Promise.all(Array.from({ length: 8 }, increment))
    expect(await store.read(`${root}/counter`)).toBe('8')
  })

  it('watches a path and all below it, from the first moment', async () => {
    const changes = await store.watch(root)
    await store.write(`${root}/a/b`, '1')
    await store.remove(`${root}/a`)
    const seen = [await changes.next(), await changes.next(), await changes.next()].map(({ value }) => value)
    expect(seen[0]).toBe(root)
    expect(seen).toContain(`${root}/a/b`)
    await changes.return()
  })

  it('says nothing more to a watch that was left', async () => {
    const [left, stays] = [await store.watch(root), await store.watch(root)]
    await left.return()
    await stays.next()
    await store.write(`${root}/a`, '1')
    const next: string[] = []
    for await (const path of stays) {
      next.push(path)
      if (path === `${root}/a`) break
    }
    expect(next).toContain(`${root}/a`)
    expect(await left.next()).toEqual({ value: undefined, done: true })
  })

  it('watches relative to its own domain', async () => {
    const changes = await store.watch('hostdev-test-relative')
    await store.write('hostdev-test-relative/a', '1')
    expect((await changes.next()).value).toBe('hostdev-test-relative')
    for (let path = ''; path !== 'hostdev-test-relative/a'; ) path = (await changes.next()).value ?? ''
    expect(await store.read('/local/domain/0/hostdev-test-relative/a')).toBe('1')
    await changes.return()
    await store.remove('hostdev-test-relative')
  })

  it('watches domains come and go', async () => {
    const changes = await store.watch('@releaseDomain')
    expect((await changes.next()).value).toBe('@releaseDomain')
    await changes.return()
  })

  it('drops all watches at once', async () => {
    const changes = await store.watch(root)
    await changes.next()
    await store.resetWatches()
    expect(await changes.next()).toEqual({ value: undefined, done: true })
    await (await store.watch(root)).return()
  })

  it('knows domains', async () => {
    expect(await store.domainPath(5)).toBe('/local/domain/5')
    expect(await store.isDomainIntroduced(0)).toBe(true)
    expect(await store.isDomainIntroduced(30_000)).toBe(false)
    await expect(store.domainPath(-1)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('ends watches and refuses requests once it is closed', async () => {
    const own = await openStore({ path: socketPath() })
    const changes = await own.watch(root)
    await changes.next()
    own.close()
    await expect(changes.next()).rejects.toMatchObject({ code: 'no-connection' })
    await expect(own.read(root)).rejects.toMatchObject({ code: 'no-connection' })
    expect(await own.closed).toBeUndefined()
  })
}
