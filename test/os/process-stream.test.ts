import { describe, expect, it } from 'vitest'
import { VirtError } from '../../src/errors.js'
import { type CommandEnd, processStream } from '../../src/os/process-stream.js'

const explain = ({ status, stderr }: CommandEnd) => new VirtError('no-connection', `${status}: ${stderr}`)
const start = (...argv: string[]) => processStream(argv, 'there', explain)

/** What is heard until the end. */
const heard = (stream: ReturnType<typeof start>) =>
  new Promise<[text: string, error: VirtError | undefined]>((resolve) => {
    let text = ''
    stream.receive(
      (chunk) => {
        text += chunk
      },
      (error) => resolve([text, error]),
    )
  })

describe('processStream', () => {
  it('is what a command reads and prints', async () => {
    const stream = start('sh', '-c', 'read line; printf "<%s>" "$line"; exit 3')
    const end = heard(stream)
    stream.send(Buffer.from('ping\n'))
    expect((await end)[0]).toBe('<ping>')
  })

  it('tells how the command ended, and the last that it said', async () => {
    const [, error] = await heard(start('sh', '-c', 'echo first >&2; echo last >&2; exit 3'))
    expect(error).toMatchObject({ code: 'no-connection', message: '3: last' })
  })

  it('ends the command when it is closed', async () => {
    const stream = start('cat')
    const end = heard(stream)
    stream.close()
    expect(await end).toEqual(['', undefined])
  })

  it('does not wait for what the command leaves behind', async () => {
    const [, error] = await heard(start('sh', '-c', 'sleep 30 >/dev/null & echo gone >&2; exit 1'))
    expect(error?.message).toBe('1: gone')
  })

  it('says that there is no such command', async () => {
    const [, error] = await heard(start('/nowhere/ssh', 'host'))
    expect(error).toMatchObject({ code: 'unsupported', details: { argv: ['/nowhere/ssh', 'host'] } })
  })

  it('refuses an argument with a NUL', () => {
    expect(() => start('ssh', 'a\0b')).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
