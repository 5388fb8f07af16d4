import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pc from 'picocolors'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { program } from '../../src/cli/program.js'
import type { Terminal } from '../../src/cli/terminal.js'
import { smallHost } from '../data/small-host.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hostdev-cli-'))
  await Promise.all(smallHost.map((xml, index) => writeFile(join(folder, `${index}.xml`), xml)))
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

async function run(argv: string[], width = Number.POSITIVE_INFINITY): Promise<string> {
  let text = ''
  const terminal: Terminal = { width, colour: pc.createColors(false), write: (part) => (text += part) }
  await program(terminal).parseAsync(['-c', `mock://${folder}`, ...argv], { from: 'user' })
  return text
}

describe('hostdev list', () => {
  it('shows each device under its parent', async () => {
    expect(await run(['list', '--tree'])).toBe(`computer  ACME Lab Bench
├─ net_eth0_52_54_00_aa_bb_cc  eth0 52:54:00:aa:bb:cc up 1000 Mb/s
├─ pci_0000_00_1f_2  (ahci)  Intel Corporation SATA Controller <AHCI> [8086:2922]
│  └─ block_sda_DISK_1  /dev/sda disk DISK "1" 32 GiB
└─ usb_usb1  (usb)  Linux Foundation 2.0 root hub [1d6b:0002]
   └─ usb_1_0_1_0  (hub)  interface 0, class 9
`)
  })

  it('keeps every line within a narrow terminal', async () => {
    const lines = (await run(['list', '--tree'], 24)).trimEnd().split('\n')
    expect(lines.map((line) => line.length <= 24)).toEqual(lines.map(() => true))
    expect(lines[3]).toBe('│  └─ block_sda_DISK_1 …')
  })

  it('shows names alone', async () => {
    expect(await run(['list', '--names', '--bus', 'usb'])).toBe('usb_1_0_1_0\nusb_usb1\n')
  })

  it('takes several capabilities', async () => {
    expect(await run(['list', '--names', '--cap', 'net,storage', '--cap', 'system'])).toBe(
      'block_sda_DISK_1\ncomputer\nnet_eth0_52_54_00_aa_bb_cc\n',
    )
  })

  it('refuses a capability that there is not, and says which there are', async () => {
    await expect(run(['list', '--cap', 'net,bogus'])).rejects.toThrow(/'bogus' is none; the known are .*fc_host/)
  })

  it('prints defs as JSON', async () => {
    expect(JSON.parse(await run(['list', '--json', '--cap', 'system']))).toMatchObject([{ name: 'computer' }])
  })
})

describe('hostdev dumpxml', () => {
  it('prints documents one after another', async () => {
    expect(await run(['dumpxml', 'computer', 'usb_usb1'])).toBe(`${smallHost[0]}${smallHost[3]}`)
  })

  it('prints the devices that are there, and fails for the one that is not', async () => {
    await expect(run(['dumpxml', 'computer', 'usb_usb2'])).rejects.toThrow(/usb_usb2 is not on this host.*usb_usb1/)
  })

  it('asks for a name', async () => {
    await expect(run(['dumpxml'])).rejects.toMatchObject({ exitCode: 1, code: 'commander.error' })
  })
})

describe('hostdev info', () => {
  it('shows values with their units and where they come from', async () => {
    expect(await run(['info', 'block_sda_DISK_1'])).toMatch(
      /size +34359738368 bytes \(32 GiB\) +size, in 512-byte units\n/,
    )
  })

  it('shows addresses as the kernel writes them', async () => {
    expect(await run(['info', 'pci_0000_00_1f_2'])).toMatch(
      /iommuGroup.addresses\[0\] +0000:00:1f.2 +iommu_group\/devices/,
    )
  })
})

describe('hostdev nodedev-create and its like', () => {
  const parent = `<device><name>mtty_mtty</name><path>/sys/devices/virtual/mtty/mtty</path><parent>computer</parent>
    <capability type='mdev_types'><capability type='mdev_types'><type id='mtty-2'><deviceAPI>vfio-pci</deviceAPI>
    <availableInstances>3</availableInstances></type></capability></capability></device>`
  const xml = `<device><parent>mtty_mtty</parent><capability type='mdev'><type id='mtty-2'/>
    <uuid>83b8f4f2-509f-382f-3c1e-e6bfe0fa1001</uuid></capability></device>`
  const name = 'mdev_83b8f4f2_509f_382f_3c1e_e6bfe0fa1001_mtty'

  it.each([
    ['nodedev-create', 'created'],
    ['nodedev-define', 'defined'],
  ])('%s says what it has made', async (command, done) => {
    await writeFile(join(folder, 'mtty.xml'), parent)
    const file = join(folder, 'new')
    await writeFile(file, xml)
    expect(await run([command, file])).toBe(`Node device '${name}' ${done} from '${file}'\n`)
  })

  it('set-vfs refuses what is no number', async () => {
    await expect(run(['set-vfs', 'pci_0000_00_1f_2', '-1'])).rejects.toThrow()
    await expect(run(['set-vfs', 'pci_0000_00_1f_2', '1'])).rejects.toMatchObject({ code: 'operation-unsupported' })
  })
})

describe('hostdev follow', () => {
  const rules = async (text: string) => {
    const file = join(folder, 'rules.json')
    await writeFile(file, text)
    return file
  }
  const one = { rules: [{ guest: 'web', device: { port: '1-2' } }] }

  it('keeps devices with guests until it is interrupted', async () => {
    const file = await rules(JSON.stringify(one))
    let text = ''
    const done = new Promise<void>((resolve, reject) => {
      const terminal: Terminal = {
        width: 80,
        colour: pc.createColors(false),
        write(part) {
          text += part
          process.emit('SIGTERM')
        },
      }
      program(terminal)
        .parseAsync(['-c', 'mock:///server', 'follow', '-f', file], { from: 'user' })
        .then(() => resolve(), reject)
    })
    await done
    expect(text).toBe('attached  usb_1_2 to web\n')
    expect(process.listenerCount('SIGTERM')).toBe(0)
  })

  it('only reads the rules when it is to check them', async () => {
    expect(await run(['follow', '--check', '-f', await rules(JSON.stringify(one))])).toBe('1 rules\n')
    await expect(run(['follow', '--check', '-f', await rules('{"rules":[{}]}')])).rejects.toThrow(
      '/rules/0/guest of the rules is no name of a guest',
    )
    await expect(run(['follow', '-f', join(folder, 'absent')])).rejects.toThrow(/cannot be read \(ENOENT\)/)
  })
})
