import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../../src/os/command.js'

const shell = (script: string) => ['sh', '-c', script]

describe('runCommand', () => {
  it('answers what the command printed', async () => {
    expect(await runCommand(shell('echo out; echo err >&2'))).toEqual({ stdout: 'out\n', stderr: 'err\n' })
  })

  it('passes arguments as they are, whatever a shell would make of them', async () => {
    const argument = '; rm -rf "$HOME" `id` \n\'*'
    expect((await runCommand(['printf', '%s', argument])).stdout).toBe(argument)
  })

  it('feeds standard input, and gives none unless told', async () => {
    expect((await runCommand(['cat'], { stdin: 'hello' })).stdout).toBe('hello')
    expect((await runCommand(['cat'])).stdout).toBe('')
  })

  it('does not mind a command that leaves its input unread', async () => {
    expect((await runCommand(['true'], { stdin: 'x'.repeat(1_000_000) })).stdout).toBe('')
  })

  it('gives it a file, where it opens its standard input by name', async () => {
    const options = { stdin: 'hello', stdinByName: true }
    expect((await runCommand(['cat', '/dev/stdin'], options)).stdout).toBe('hello')
    expect((await runCommand(['cat'], options)).stdout).toBe('hello')
  })

  it('speaks the language C, with the variables it was given', async () => {
    const { stdout } = await runCommand(shell('echo $LC_ALL $COLOUR'), {
      env: { LC_ALL: 'de_DE.UTF-8', COLOUR: 'blue' },
    })
    expect(stdout).toBe('C blue\n')
  })

  it('tells status, arguments and all of standard error of a command that fails, and the last line in the message', async () => {
    const argv = shell('echo first >&2; echo "no such device" >&2; exit 3')
    await expect(runCommand(argv)).rejects.toMatchObject({
      code: 'operation-failed',
      message: 'sh ended with status 3: no such device',
      details: { argv, exitStatus: 3, stderr: 'first\nno such device' },
    })
  })

  it('tells the signal that killed a command', async () => {
    await expect(runCommand(shell('kill -TERM $$'))).rejects.toMatchObject({
      code: 'operation-failed',
      message: 'sh was killed by SIGTERM',
    })
  })

  it.each([
    ['a program that is not installed', ['hostdev-no-such-program'], 'unsupported'],
    ['a file that may not be run', ['/etc/passwd'], 'access-denied'],
    ['a command without a program', [], 'invalid-argument'],
    ['a NUL in an argument', ['echo', 'a\0b'], 'invalid-argument'],
  ])('refuses %s', async (_what, argv, code) => {
    await expect(runCommand(argv)).rejects.toMatchObject({ code })
  })

  it('gives a command up when its time is over, without waiting for its end', async () => {
    // its end would come after the end of this test's own time
    await expect(runCommand(shell('trap "" TERM; sleep 60 & wait'), { timeout: 50 })).rejects.toMatchObject({
      code: 'timeout',
    })
  })

  it('rejects with the reason of an abort', async () => {
    const controller = new AbortController()
    const running = runCommand(['sleep', '20'], { signal: controller.signal })
    controller.abort('enough')
    await expect(running).rejects.toBe('enough')
  })

  it('kills a command that prints without end', async () => {
    await expect(runCommand(['yes'], { maxOutput: 100_000 })).rejects.toMatchObject({ code: 'limit-exceeded' })
  })

  it('gives a command open descriptors from 3 on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hostdev-'))
    const file = openSync(join(folder, 'out'), 'w')
    await runCommand(shell('echo through >&3'), { descriptors: [file] })
    closeSync(file)
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('through\n')
    rmSync(folder, { recursive: true })
  })

  it('shows what it did on the channel hostdev:command', async () => {
    const seen: unknown[] = []
    const listener = (message: unknown) => seen.push(message)
    subscribe('hostdev:command', listener)
    await runCommand(['echo', 'hello'])
    await runCommand(['false']).catch(() => {})
    unsubscribe('hostdev:command', listener)
    expect(seen).toMatchObject([
      { argv: ['echo', 'hello'], output: { stdout: 'hello\n', stderr: '' } },
      { argv: ['false'], error: { code: 'operation-failed' } },
    ])
  })
})
