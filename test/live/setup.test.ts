import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { expect, inject, it } from 'vitest'
import { needs } from '../needs.js'

const absent = inject('absent')

needs(absent.libvirtd).describe('libvirtd', () => {
  it('lists node devices', () => {
    const { stdout } = spawnSync('virsh', ['--connect', 'qemu:///system', 'nodedev-list'], { encoding: 'utf8' })
    expect(stdout.split('\n')).toContain('computer')
  })
})

needs(absent.udevd).describe('udevd', () => {
  it('has devices in its database', () => {
    expect(readdirSync('/run/udev/data').length).toBeGreaterThan(0)
  })
})
