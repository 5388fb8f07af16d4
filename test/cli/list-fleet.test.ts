import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { program } from '../../src/cli/program.js'
import { ProgressBar } from '../../src/cli/progress.js'
import type { Terminal } from '../../src/cli/terminal.js'

const device = (name: string) =>
  `<device><name>${name}</name><capability type='drm'><type>render</type></capability></device>`

let folder: string
let errors: string
let [a, b] = ['', '']
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostdev-cli-'))
  for (const name of ['a', 'b']) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'device.xml'), device(`drm_${name}`))
  }
  ;[a, b] = [`mock://${folder}/a`, `mock://${folder}/b`]
  errors = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += text
    return true
  })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

let printed = ''
async function run(...argv: string[]): Promise<string> {
  printed = ''
  const colour = pc.createColors(false)
  const terminal: Terminal = { width: Number.POSITIVE_INFINITY, colour, write: (part) => (printed += part) }
  // one host after the other, so that the order is known
  const inTurn = argv.includes('list') ? ['--concurrency', '1'] : []
  await program(terminal).parseAsync([...argv, ...inTurn], { from: 'user' })
  return printed
}
const hostsFile = async (text: string) => {
  await writeFile(join(folder, 'hosts'), text)
  return join(folder, 'hosts')
}

describe('hostdev list, of several hosts,', () => {
  it('has a table for each', async () => {
    expect(await run('-c', a, '-c', b, 'list')).toBe(
      `${a} (1)\ndrm_a  drm  -  render node\n\n${b} (1)\ndrm_b  drm  -  render node\n\n`,
    )
  })

  it('takes them from a file, with names and comments', async () => {
    const file = await hostsFile(`# ours\n${a}\n\n  second ${b}   # the other\n`)
    expect(await run('list', '--hosts', file, '--names')).toBe(`${a}\tdrm_a\nsecond\tdrm_b\n`)
  })

  it('is one array as JSON, in which a host that fails has its error', async () => {
    const file = await hostsFile(`one ${a}\ntwo nowhere:///\n`)
    await expect(run('list', '--json', '--hosts', file)).rejects.toMatchObject({
      message: '1 of 2 hosts could not be listed',
    })
    expect(JSON.parse(printed)).toMatchObject([
      { host: 'one', devices: [{ name: 'drm_a' }] },
      { host: 'two', error: { code: 'no-connection' } },
    ])
    expect(errors).toMatch(/^two: nothing opens 'nowhere:\/\/\/'/)
  })

  it('shows the others though one fails, and fails in the end', async () => {
    await expect(run('-c', a, '-c', 'nowhere:///', 'list', '--tree')).rejects.toThrow('1 of 2 hosts')
    expect(printed).toBe(`${a} (1)\ndrm_a  render node\n\n`)
  })

  it.each([
    ['too many words', 'one two three', /line 1: write a URI/],
    ['no host', '# nobody', /names no host/],
  ])('refuses a file with %s', async (_what, text, message) => {
    await expect(run('list', '--hosts', await hostsFile(text))).rejects.toThrow(message)
  })

  it('refuses a file that is not there', async () => {
    await expect(run('list', '--hosts', '/nowhere')).rejects.toMatchObject({
      code: 'system',
      details: { errno: 'ENOENT' },
    })
  })

  it('is for list alone', async () => {
    await expect(run('-c', a, '-c', b, 'info', 'drm_a')).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it.each(['0', '-1', 'soon', 'Infinity'])('refuses a time of %s', async (time) => {
    await expect(run('-c', a, '-c', b, 'list', '--timeout', time)).rejects.toMatchObject({ exitCode: 1 })
  })
})

describe('ProgressBar', () => {
  const played = (isTTY: boolean) => {
    const seen = { text: '' }
    return { seen, stream: { isTTY, columns: 60, write: (text: string) => (seen.text += text) } }
  }

  it('shows on a terminal how many hosts have answered and failed', () => {
    const { seen, stream } = played(true)
    const bar = new ProgressBar(stream, { TERM: 'xterm' })
    bar.show({ total: 4, answered: 1, failed: 1 })
    expect(seen.text).toBe('\r[############            ] 2 of 4 hosts, 1 failed\u001b[K')
    bar.end()
    expect(seen.text.endsWith('\r\u001b[K')).toBe(true)
  })

  it('stays below what is printed', () => {
    const { seen, stream } = played(true)
    const bar = new ProgressBar(stream, {})
    bar.show({ total: 2, answered: 1, failed: 0 })
    seen.text = ''
    const terminal = { width: 60, colour: pc.createColors(false), write: (text: string) => void stream.write(text) }
    bar.below(terminal).write('a line\n')
    expect(seen.text).toBe('\r\u001b[Ka line\n\r[############            ] 1 of 2 hosts\u001b[K')
  })

  it.each([
    ['no terminal', false, 'xterm'],
    ['a terminal that cannot', true, 'dumb'],
  ])('shows nothing on %s', (_what, isTTY, TERM) => {
    const { seen, stream } = played(isTTY)
    const bar = new ProgressBar(stream, { TERM })
    bar.show({ total: 2, answered: 1, failed: 0 })
    bar.end()
    expect(seen.text).toBe('')
  })
})
