import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deadline, delay } from '../../src/async/deadline.js'

const never = () => new Promise<never>(() => {})
const expired = (timeout: number) => new Error(`late after ${timeout}`)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('deadline', () => {
  it('answers what the work answers and leaves no timer behind', async () => {
    expect(await deadline({ timeout: 50 }, expired, async () => 7)).toBe(7)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('rejects with what the work throws, even before its first promise', async () => {
    const work = () => {
      throw new Error('at once')
    }
    await expect(deadline({ timeout: 50 }, expired, work)).rejects.toThrow('at once')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gives up when the time is over', async () => {
    const late = expect(deadline({ timeout: 50 }, expired, never)).rejects.toThrow('late after 50')
    await vi.advanceTimersByTimeAsync(50)
    await late
  })

  it('waits for ever when the limit is infinite', async () => {
    let answer = ''
    const slow = deadline({ timeout: Number.POSITIVE_INFINITY }, expired, () => delay(86_400_000)).then(() => {
      answer = 'done'
    })
    await vi.advanceTimersByTimeAsync(1000)
    expect(answer).toBe('')
    await vi.advanceTimersByTimeAsync(86_400_000)
    await slow
    expect(answer).toBe('done')
  })

  it("rejects with the reason of the caller's signal", async () => {
    const controller = new AbortController()
    const aborted = expect(deadline({ signal: controller.signal }, expired, never)).rejects.toBe('enough')
    controller.abort('enough')
    await aborted
  })

  it('does not start when the signal has aborted already', async () => {
    const work = vi.fn(never)
    await expect(deadline({ signal: AbortSignal.abort('no') }, expired, work)).rejects.toBe('no')
    expect(work).not.toHaveBeenCalled()
  })

  it('tells the work that nobody waits any more, and why', async () => {
    let inner: AbortSignal | undefined
    const late = expect(
      deadline({ timeout: 50 }, expired, (signal) => {
        inner = signal
        return never()
      }),
    ).rejects.toThrow('late')
    await vi.advanceTimersByTimeAsync(50)
    await late
    expect(inner?.reason).toEqual(expired(50))
  })
})

describe('delay', () => {
  it('lasts its time', async () => {
    let over = false
    const waiting = delay(100).then(() => {
      over = true
    })
    await vi.advanceTimersByTimeAsync(99)
    expect(over).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect(over).toBe(true)
  })

  it('ends with an abort and takes its timer along', async () => {
    const controller = new AbortController()
    const waiting = expect(delay(100, controller.signal)).rejects.toBe('stop')
    controller.abort('stop')
    await waiting
    expect(vi.getTimerCount()).toBe(0)
  })
})
