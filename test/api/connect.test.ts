import { describe, expect, it, vi } from 'vitest'
import { connect, VirtError } from '../../src/index.js'
import { mock } from '../../src/mock.js'

describe('connect', () => {
  it('names the schemes it knows, and the nearest, for one it does not', async () => {
    await expect(connect('mick:///')).rejects.toMatchObject({
      code: 'no-connection',
      details: { candidates: ['mock'] },
    })
  })

  it('does not take a property of Object for a scheme', async () => {
    await expect(connect('constructor:///')).rejects.toMatchObject({ code: 'no-connection' })
  })

  it('refuses what is neither a URI nor a backend', async () => {
    await expect(connect({} as never)).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('opens $HOSTDEV_URI when it is given nothing', async () => {
    vi.stubEnv('HOSTDEV_URI', 'nowhere:///')
    await expect(connect()).rejects.toThrow(/nowhere/)
    vi.unstubAllEnvs()
  })

  it('takes a backend, or the promise of one', async () => {
    const both = await Promise.all([connect(await mock()), connect(mock())])
    expect(both.map((conn) => conn.uri)).toEqual(['mock:///', 'mock:///'])
  })

  it('is refused before it begins when its signal is aborted', async () => {
    const reason = new VirtError('timeout', 'too late')
    await expect(connect(mock(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})
