import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, it, vi } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { needs } from '../needs.js'
import { machine } from './boot.js'

const lab = machine('lab')
/** udevd and libvirtd take the emulated lab many minutes for 1,000 interfaces. */
const unasked = process.env.LAB_ALL ? undefined : 'LAB_ALL=1 runs it'
const patient = { timeout: 3_000_000 }
vi.setConfig({ testTimeout: patient.timeout })

async function burst(count: number, ...sources: string[]): Promise<unknown> {
  return JSON.parse(await lab.run(`node /lab/watch-burst.mjs ${count} ${sources.join(' ')}`, patient))
}

needs(inject('absentMachine')).describe('network interfaces that are made and deleted at once', () => {
  beforeAll(async () => {
    const { url } = await bundle('test/lab/watch-burst.ts', '.cache/watch-burst.mjs')
    lab.put(fileURLToPath(url), 'watch-burst.mjs')
    // what a run that was cut off has left
    await lab.run("pgrep -x systemd-udevd; ls /sys/class/net | sed -n 's/^burst/link del &/p' | ip -batch -")
  }, patient.timeout)

  const each = (count: number) => ({ told: 2 * count, doubled: 0, examples: [] })

  it('are told of once each, beside a udevd that names them', async () => {
    expect(await burst(50, 'linux:///')).toEqual({ 'linux:///': each(50) })
  })

  needs(unasked).it('are told of once each by libvirtd, virsh and us', async () => {
    await lab.run('lab-libvirtd', patient)
    const sources = ['linux:///', 'qemu:///system', 'virsh']
    expect(await burst(1000, ...sources)).toEqual(Object.fromEntries(sources.map((source) => [source, each(1000)])))
  })
})
