import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { connect, Fleet } from '../../../src/index.js'
import { testDriver } from '../../fakes/test-driver.js'

const folder = mkdtempSync(join(tmpdir(), 'hostdev-dial-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** An ssh that does what a test says in place of going anywhere. */
function playedSsh(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return `test+ssh://ann@far/default?command=${path}`
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('dialling by ssh', () => {
  it('speaks to the daemon through what ssh reads and prints', async () => {
    await using server = await testDriver()
    const pipe = `const s = require('net').connect('${server.path}'); process.stdin.pipe(s); s.pipe(process.stdout)`
    const uri = playedSsh('pipe', `printf '%s\\n' "$@" > ${folder}/argv; exec ${process.execPath} -e "${pipe}"`)
    await using conn = await connect(`${uri}&no_tty=1`)
    expect((await conn.listNodeDevices()).map(({ name }) => name)).toContain('computer')
    expect(conn.uri).toBe(`${uri}&no_tty=1`)
    const argv = readFileSync(join(folder, 'argv'), 'utf8').split('\n')
    expect(argv.slice(0, 8)).toEqual(['-l', 'ann', '-T', '-e', 'none', '-o', 'BatchMode=yes', '--'])
  })

  it.each([
    ['refused', 'echo "ann@far: Permission denied (publickey)." >&2; exit 255', 'auth-failed', /Permission denied/],
    ['strange', 'echo "Host key verification failed." >&2; exit 255', 'auth-failed', /Host key/],
    ['lost', 'echo "ssh: Could not resolve hostname far" >&2; exit 255', 'no-connection', /ann@far: ssh does not get/],
    ['bare', 'echo "sh: 1: nc: not found" >&2; exit 127', 'no-connection', /install virt-ssh-helper or netcat there/],
    ['without a daemon', 'echo "nc: connect failed" >&2; exit 1', 'no-connection', /does libvirtd run there/],
    ['that says what is no protocol', 'echo Welcome to far, dear user; sleep 1', 'rpc', /claims \d+ bytes/],
  ])('tells of a host that is %s', async (name, script, code, message) => {
    const uri = playedSsh(name.replaceAll(' ', '-'), script)
    await expect(connect(uri)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('says that there is no ssh', async () => {
    await expect(connect('test+ssh://far/default?command=/nowhere/ssh')).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('/nowhere/ssh cannot be started'),
    })
  })

  it('ends an ssh that hangs with the time of its host, and never has it ask on the terminal', async () => {
    const file = join(folder, 'pid')
    const uri = playedSsh('hanging', `echo "$@" > ${folder}/asked; echo $$ > ${file}; exec sleep 60`)
    const asked = new Fleet([uri], { timeout: 2000 }).find({ name: 'computer' })
    while (!existsSync(file)) await sleep(10)
    expect(await asked).toMatchObject([{ error: { code: 'timeout' } }])
    const pid = Number(readFileSync(file, 'utf8'))
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toContain('BatchMode=yes')
  })
})
