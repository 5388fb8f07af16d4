import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { linux } from '../../src/linux.js'
import { deviceChangeContract } from '../contract/device-changes.js'
import { sysfs } from '../data/small-tree.js'
import { FakeHost } from '../fakes/managed-host.js'

const host = new FakeHost()
const stateFolder = join(mkdtempSync(join(tmpdir(), 'hostdev-contract-')), 'state')
afterAll(() => {
  host[Symbol.dispose]()
  rmSync(join(stateFolder, '..'), { recursive: true })
})
const { files, managed } = host

const path = '/sys/devices/virtual/net/dummy7'
const coming = [
  ...sysfs(path, 'class/net', { address: '52:54:00:00:00:07\n', uevent: 'INTERFACE=dummy7\nIFINDEX=7\n' }),
  ['/sys/class/net/dummy7', { link: '../../devices/virtual/net/dummy7' }],
] as const

deviceChangeContract('a Linux host with a played kernel', {
  open: () => linux({ files, writes: managed.writes, run: managed.run, stateFolder, interval: 20 }),
  device: 'pci_0000_02_00_0',
  coming: { name: 'net_dummy7_52_54_00_00_00_07', capability: 'net' },
  plug() {
    for (const [file, content] of coming) files.set(file, content)
  },
  unplug() {
    for (const [file] of coming) files.delete(file)
  },
})
