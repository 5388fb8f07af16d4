import { describe, expect, it, vi } from 'vitest'
import { Queue } from '../../src/async/queue.js'

async function readAll<T>(queue: Queue<T>): Promise<T[]> {
  const values: T[] = []
  for await (const value of queue) values.push(value)
  return values
}

describe('Queue', () => {
  it('keeps what came before the first read', async () => {
    const queue = new Queue<number>()
    queue.push(1)
    queue.push(2)
    queue.end()
    expect(await readAll(queue)).toEqual([1, 2])
  })

  it('wakes readers in the order they came', async () => {
    const queue = new Queue<string>()
    const reads = [queue.next(), queue.next()]
    queue.push('first')
    queue.push('second')
    expect(await Promise.all(reads)).toEqual([
      { value: 'first', done: false },
      { value: 'second', done: false },
    ])
  })

  it('throws its failure once, after what waits', async () => {
    const queue = new Queue<number>()
    queue.push(1)
    queue.fail(new Error('gone'))
    expect(await queue.next()).toEqual({ value: 1, done: false })
    await expect(queue.next()).rejects.toThrow('gone')
    expect(await queue.next()).toEqual({ value: undefined, done: true })
  })

  it('fails a reader that waits', async () => {
    const queue = new Queue<number>()
    const read = queue.next()
    queue.fail(new Error('gone'))
    await expect(read).rejects.toThrow('gone')
  })

  it('ends with limit-exceeded when the reader falls too far behind, and unsubscribes', async () => {
    const close = vi.fn()
    const queue = new Queue<number>({ capacity: 2, close })
    for (const value of [1, 2, 3, 4]) queue.push(value)
    expect(close).toHaveBeenCalledTimes(1)
    expect(await queue.next()).toEqual({ value: 1, done: false })
    expect(await queue.next()).toEqual({ value: 2, done: false })
    await expect(queue.next()).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  it('unsubscribes when the reader leaves its loop, and the leave waits for it', async () => {
    let closed = false
    const queue = new Queue<number>({
      close: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        closed = true
      },
    })
    queue.push(1)
    queue.push(2)
    for await (const value of queue) if (value === 1) break
    expect(closed).toBe(true)
    queue.push(3)
    expect(await queue.next()).toEqual({ value: undefined, done: true })
  })

  it('unsubscribes when it is disposed of', async () => {
    const close = vi.fn()
    {
      await using queue = new Queue<number>({ close })
      queue.push(1)
    }
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('tells the one who leaves that unsubscribing failed', async () => {
    const close = () => {
      throw new Error('no such watch')
    }
    await expect(new Queue<number>({ close }).return()).rejects.toThrow('no such watch')
  })

  it('ends with the reason of its signal, dropping what waits', async () => {
    const [controller, close] = [new AbortController(), vi.fn()]
    const queue = new Queue<number>({ signal: controller.signal, close })
    queue.push(1)
    controller.abort('enough')
    await expect(queue.next()).rejects.toBe('enough')
    expect(close).toHaveBeenCalledTimes(1)
  })

  it('is over at once when its signal has aborted before', async () => {
    await expect(new Queue({ signal: AbortSignal.abort('early') }).next()).rejects.toBe('early')
  })

  it('merges what waits for a slow reader, where that can be done', async () => {
    let merges = 0
    const queue = new Queue<number>({
      capacity: 10,
      merge(waiting) {
        merges++
        return [waiting.reduce((sum, value) => sum + value, 0)]
      },
    })
    for (let value = 1; value <= 10_000; value++) queue.push(value)
    expect(queue.waiting).toBeLessThanOrEqual(10)
    expect(merges).toBeLessThan(1200)
    queue.end()
    let sum = 0
    for await (const value of queue) sum += value
    expect(sum).toBe(50_005_000)
  })

  it('merges ever more seldom what cannot be made less', () => {
    let merges = 0
    const queue = new Queue<number>({
      capacity: 10,
      merge(waiting) {
        merges++
        return [...waiting]
      },
    })
    for (let value = 1; value <= 10_000; value++) queue.push(value)
    expect([queue.waiting, merges]).toEqual([10_000, 10])
  })
})
