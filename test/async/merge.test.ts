import { describe, expect, it } from 'vitest'
import { merge } from '../../src/async/merge.js'

const collect = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const values: T[] = []
  for await (const value of source) values.push(value)
  return values
}
async function* letters(...all: string[]) {
  for (const each of all) yield each
}
const never = (): AsyncIterator<string> => ({ next: () => new Promise(() => {}) })

describe('merge', () => {
  it('gives every value of every source', async () => {
    const sources = ['ab', 'c', '', 'def'].map((text) => () => letters(...text))
    expect((await collect(merge(sources, 2))).sort().join('')).toBe('abcdef')
  })

  it('reads no more sources at a time than it may', async () => {
    let open = 0
    let most = 0
    const source = async function* () {
      most = Math.max(most, ++open)
      yield await Promise.resolve(open)
      open--
    }
    await collect(merge(Array(20).fill(source), 3))
    expect(most).toBe(3)
  })

  it('does not wait for a source that hangs when its reader leaves', async () => {
    const seen: string[] = []
    for await (const value of merge([never, () => letters('a', 'b')], 2)) {
      seen.push(value)
      if (seen.length === 2) break
    }
    expect(seen).toEqual(['a', 'b'])
  })

  it('fails with what a source fails with', async () => {
    const bad = async function* () {
      yield 'a'
      throw new Error('broken')
    }
    await expect(collect(merge([bad], 1))).rejects.toThrow('broken')
  })
})
