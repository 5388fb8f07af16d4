import { describe, expect, it } from 'vitest'
import { Mutex } from '../../src/async/mutex.js'

/** Work that ends when told, and notes when it runs. */
function work(log: string[], name: string) {
  let finish = () => {}
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  const run = async () => {
    log.push(`${name} starts`)
    await done
    log.push(`${name} ends`)
    return name
  }
  return { run, finish }
}

const turns = () => new Promise((resolve) => setImmediate(resolve))

describe('Mutex', () => {
  it('runs one at a time in the order asked', async () => {
    const [log, mutex] = [[] as string[], new Mutex()]
    const [first, second] = [work(log, 'first'), work(log, 'second')]
    const all = [mutex.run(first.run), mutex.run(second.run)]
    second.finish()
    await turns()
    expect(log).toEqual(['first starts'])
    first.finish()
    expect(await Promise.all(all)).toEqual(['first', 'second'])
    expect(log).toEqual(['first starts', 'first ends', 'second starts', 'second ends'])
  })

  it('goes on after a failure', async () => {
    const mutex = new Mutex()
    const failed = mutex.run(async () => {
      throw new Error('broken')
    })
    const next = mutex.run(async () => 'fine')
    await expect(failed).rejects.toThrow('broken')
    expect(await next).toBe('fine')
  })

  it('ends a wait by abort without letting the next one in early', async () => {
    const [log, mutex, controller] = [[] as string[], new Mutex(), new AbortController()]
    const [first, last] = [work(log, 'first'), work(log, 'last')]
    const running = mutex.run(first.run)
    const impatient = mutex.run(work(log, 'impatient').run, controller.signal)
    const waiting = mutex.run(last.run)
    controller.abort('tired')
    await expect(impatient).rejects.toBe('tired')
    await turns()
    expect(log).toEqual(['first starts'])
    first.finish()
    last.finish()
    await Promise.all([running, waiting])
    expect(log).toEqual(['first starts', 'first ends', 'last starts', 'last ends'])
  })
})
