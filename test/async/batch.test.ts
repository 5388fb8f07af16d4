import { describe, expect, it } from 'vitest'
import { Batch } from '../../src/async/batch.js'

describe('Batch', () => {
  it('asks once for all who ask in one turn, and anew for those who come later', async () => {
    let asked = 0
    const batch = new Batch<string, number>()
    const get = (key: string) => batch.get(key, async () => ++asked)
    expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual([1, 1, 1])
    expect(await get('a')).toBe(2)
  })

  it('keeps questions apart', async () => {
    const batch = new Batch<string, string>()
    const get = (key: string) => batch.get(key, async () => key)
    expect(await Promise.all([get('a'), get('b')])).toEqual(['a', 'b'])
  })

  it('gives no answer that is older than its question', async () => {
    let state = 'before'
    const batch = new Batch<string, string>()
    const first = batch.get('a', async () => state)
    state = 'after'
    expect(await first).toBe('after')
    const slow = batch.get('a', () => new Promise<string>((resolve) => setTimeout(resolve, 20, 'slow')))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(await batch.get('a', async () => 'quick')).toBe('quick')
    expect(await slow).toBe('slow')
  })

  it('fails for all who have asked, and not for the next', async () => {
    const batch = new Batch<string, string>()
    const fail = () => batch.get('a', () => Promise.reject(new Error('no')))
    const both = await Promise.allSettled([fail(), fail()])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await batch.get('a', async () => 'yes')).toBe('yes')
  })
})
