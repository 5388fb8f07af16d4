import { describe, expect, it } from 'vitest'
import type { VirtError } from '../../../src/errors.js'
import type { ByteStream } from '../../../src/os/socket.js'
import { tlsConfirmation } from '../../../src/wire/libvirt-rpc/tls-confirmation.js'

/** A stream whose other end the test plays. */
function played() {
  let ears: { data(chunk: Buffer): void; closed(error?: VirtError): void } | undefined
  const seen = { closed: false }
  const stream: ByteStream = {
    peer: 'far:16514',
    receive: (data, closed) => {
      ears = { data, closed }
    },
    send() {},
    close() {
      seen.closed = true
    },
  }
  return { stream, seen, say: (...bytes: number[]) => ears?.data(Buffer.from(bytes)), hangUp: () => ears?.closed() }
}

describe('tlsConfirmation', () => {
  it('takes the byte, and passes on what comes with it and after it', async () => {
    const { stream, say, hangUp } = played()
    const confirmed = tlsConfirmation(stream)
    say(1, 2)
    say(3)
    const heard: (number | string)[] = []
    ;(await confirmed).receive(
      (chunk) => heard.push(...chunk),
      () => heard.push('end'),
    )
    say(4)
    hangUp()
    expect(heard).toEqual([2, 3, 4, 'end'])
  })

  it('tells an end that came before anybody listened', async () => {
    const { stream, say, hangUp } = played()
    const confirmed = tlsConfirmation(stream)
    say(1)
    hangUp()
    const ended = new Promise<void>((resolve) => {
      void confirmed.then((found) =>
        found.receive(
          () => {},
          () => resolve(),
        ),
      )
    })
    await expect(ended).resolves.toBeUndefined()
  })

  it.each([
    ['says something else', ({ say }: ReturnType<typeof played>) => say(0)],
    ['hangs up', ({ hangUp }: ReturnType<typeof played>) => hangUp()],
  ])('is refused when the daemon %s', async (_what, act) => {
    const far = played()
    const confirmed = tlsConfirmation(far.stream)
    act(far)
    await expect(confirmed).rejects.toMatchObject({ code: 'auth-failed' })
    expect(far.seen.closed).toBe(true)
  })

  it('does not wait for ever', async () => {
    const { stream, seen } = played()
    await expect(tlsConfirmation(stream, { timeout: 5 })).rejects.toMatchObject({ code: 'timeout' })
    expect(seen.closed).toBe(true)
  })
})
