import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { qemu } from '../../../src/qemu.js'
import { abilityContract } from '../../contract/abilities.js'
import { domainContract } from '../../contract/domains.js'
import { FakeHost } from '../../fakes/managed-host.js'
import { FakeQemu } from '../../fakes/qemu-machine.js'

const folder = mkdtempSync(join(tmpdir(), 'hostdev-qemu-'))
let host: FakeHost
let web: FakeQemu
beforeAll(async () => {
  host = new FakeHost()
  web = await FakeQemu.start({ name: 'web', uuid: '83b8f4f2-509f-382f-3c1e-e6bfe0fa2001' })
})
afterAll(async () => {
  await web[Symbol.asyncDispose]()
  host[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

const open = () =>
  qemu({
    monitors: { web: web.path, off: join(folder, 'nobody') },
    files: host.files,
    writes: host.kernel,
    run: host.kernel.run,
    stateFolder: join(folder, 'state'),
    settle: 20,
  })

domainContract('qemu on a played QEMU', {
  open,
  running: 'web',
  stopped: 'off',
  devices: [
    { kind: 'pci', managed: true, source: { address: { domain: 0, bus: 2, slot: 0, function: 0 } } },
    { kind: 'usb', managed: false, source: { address: { bus: 1, device: 5 } } },
  ],
  name: 'pci_0000_02_00_0',
  absent: { def: { kind: 'usb', managed: false, source: { address: { bus: 9, device: 99 } } }, code: 'device-missing' },
  restart: () => web.restart(),
  lacks: {
    config: 'nothing is stored of a guest that somebody else starts',
    controllers: 'controllers are on the command line',
  },
})

abilityContract('qemu', { open })
