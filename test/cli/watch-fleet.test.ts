import pc from 'picocolors'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchHosts } from '../../src/cli/commands/watch-fleet.js'
import { program } from '../../src/cli/program.js'
import type { Terminal } from '../../src/cli/terminal.js'
import { type FleetHost, VirtError } from '../../src/index.js'
import { type MockBackend, mock } from '../../src/mock.js'

const devices = ['a', 'b'].map(
  (name) => `<device><name>drm_${name}</name><capability type='drm'><type>render</type></capability></device>`,
)

let [printed, errors] = ['', '']
let terminal: Terminal
/** What is done to the hosts when a line has been printed. */
let onLine: () => void
beforeEach(() => {
  printed = errors = ''
  onLine = () => {}
  terminal = {
    width: Number.POSITIVE_INFINITY,
    colour: pc.createColors(false),
    write(part) {
      printed += part
      onLine()
    },
  }
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += text
    return true
  })
})
afterEach(() => void vi.restoreAllMocks())

/** A host on which something happens as soon as it is watched, and which is lost when it is told to. */
async function eventful(name: string, device: string): Promise<{ host: FleetHost; lose(): void }> {
  const backend: MockBackend = await mock({ devices })
  const end = new AbortController()
  const watch = backend.devices.watch
  if (!watch) throw new Error('the mock does not watch')
  backend.devices.watch = async (options = {}) => {
    const events = await watch({ ...options, signal: end.signal })
    backend.stage.unplug(device)
    return events
  }
  const lose = () => end.abort(new VirtError('no-connection', 'the host is gone'))
  return { host: { name, open: () => backend }, lose }
}

describe('hostdev watch, of several hosts,', () => {
  it('prints what happens on each, and fails when all are lost', async () => {
    const [a, b] = [await eventful('a', 'drm_a'), await eventful('second', 'drm_b')]
    onLine = () => printed.includes('drm_a') && printed.includes('drm_b') && [a, b].map((each) => each.lose())
    const watching = watchHosts([a.host, b.host], { options: {}, json: false }, terminal)
    await expect(watching).rejects.toMatchObject({
      code: 'operation-failed',
      message: '2 of 2 hosts could not be watched',
      details: { candidates: expect.arrayContaining(['a', 'second']) },
    })
    expect(printed.split('\n').sort()).toEqual(['', 'a       deleted      drm_a', 'second  deleted      drm_b'])
    expect(errors.split('\n').sort()).toEqual(['', 'a: the host is gone', 'second: the host is gone'])
  })

  it('is an object a line as JSON, in which a host that fails has its error', async () => {
    const a = await eventful('a', 'drm_a')
    const dead: FleetHost = { name: 'dead', open: () => 'nowhere:///' }
    onLine = () => printed.includes('drm_a') && a.lose()
    const watching = watchHosts([a.host, dead], { options: {}, json: true, concurrency: 1 }, terminal)
    await expect(watching).rejects.toThrow('2 of 2 hosts')
    const lines = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toHaveLength(3)
    expect(lines).toContainEqual({ host: 'a', kind: 'deleted', device: 'drm_a' })
    expect(lines).toContainEqual({ host: 'a', error: { code: 'no-connection', message: 'the host is gone' } })
    expect(lines).toContainEqual({ host: 'dead', error: { code: 'no-connection', message: expect.any(String) } })
  })

  it('watches only what is asked for', async () => {
    const a = await eventful('a', 'drm_a')
    const b = await eventful('b', 'drm_b')
    onLine = () => [a, b].map((each) => each.lose())
    const watching = watchHosts([a.host, b.host], { options: { device: 'drm_b' }, json: false }, terminal)
    await expect(watching).rejects.toThrow('2 of 2 hosts')
    expect(printed).toBe('b  deleted      drm_b\n')
  })

  it('takes them as list does', async () => {
    const watching = program(terminal).parseAsync(['-c', 'nowhere:///', '-c', 'never:///', 'watch'], { from: 'user' })
    await expect(watching).rejects.toThrow('2 of 2 hosts could not be watched')
    expect(errors).toMatch(/^nowhere:\/\/\/: nothing opens/)
  })
})
