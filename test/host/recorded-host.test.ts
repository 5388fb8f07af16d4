import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, nodeDevice } from '../../src/index.js'
import { linux, type MemoryFile, MemoryFiles, realFiles } from '../../src/linux.js'
import { needs } from '../needs.js'
import { shared } from '../shared.js'
import { untar } from './tar.js'

/** In what our word may differ from libvirtd's, and why. */
const exceptions: readonly { readonly why: string; apply(xml: string): string }[] = [
  {
    why: 'Offloads come from ethtool, which no recording holds.',
    apply: (xml) => xml.replace(/^ *<feature name='\w+'\/>\n/gm, ''),
  },
  {
    why: "The machine's UUID is for root to read, and was not recorded.",
    apply: (xml) => xml.replace(/<uuid>[\da-f-]*<\/uuid>(?=[\s\S]*<firmware>)/, '<uuid/>'),
  },
]

/** The recording has 38,000 files; milliseconds. */
const slow = 60_000

/** A folder in memory where there is room for them, for a busy disk takes a minute. */
function roomyFolder(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    return bavail * bsize > 2 ** 28 ? '/dev/shm' : tmpdir()
  } catch {
    return tmpdir()
  }
}

/** The recorded names of PCI devices are those of Debian 12; another file of names may have others. */
const namesOfDebian12 = 'Version: 2023.04.10'
const withoutPciNames = (xml: string): string =>
  xml.includes("<capability type='pci'>")
    ? xml.replace(/<(product|vendor) id='(0x\w+)'>.*<\/\1>/g, "<$1 id='$2'/>")
    : xml

const unpack = (file: string): Map<string, MemoryFile> => {
  const { stdout } = spawnSync('zstd', ['-dc', join(shared ?? '', 'hosts', file)], { maxBuffer: 2 ** 28 })
  return new Map(untar(stdout))
}

const missing =
  shared === undefined
    ? 'the recording is not here'
    : spawnSync('zstd', ['--version']).error && 'no zstd is installed to unpack the recording'

needs(missing).describe('the recorded host of 799 devices', () => {
  let tree: Map<string, MemoryFile>
  /** libvirtd's word, by the name of the device. */
  let expected: Record<string, string>
  const pciIds = realFiles().bytes('/usr/share/misc/pci.ids', 1000)
  const sameNames = pciIds instanceof Uint8Array && new TextDecoder().decode(pciIds).includes(namesOfDebian12)
  const folder = mkdtempSync(join(roomyFolder(), 'hostdev-recorded-'))

  beforeAll(() => {
    tree = unpack('lab-sysfs.tar.zst')
    const unread = JSON.parse(String(tree.get('/unread.json'))) as Record<string, number>
    for (const [path, mode] of Object.entries(unread)) tree.set(path, { errno: 'EACCES', mode })
    const documents = [...unpack('lab-nodedev-xml.tar.zst').values()].filter((file) => file instanceof Uint8Array)
    expected = Object.fromEntries(documents.map((file) => named(file.toString())))
  }, slow)
  afterAll(() => rmSync(folder, { recursive: true }), slow)

  /** A document, made comparable, with the name in it. */
  function named(xml: string): [string, string] {
    const comparable = exceptions.reduce((text, { apply }) => apply(text), sameNames ? xml : withoutPciNames(xml))
    return [/<name>(.*)<\/name>/.exec(xml)?.[1] ?? '', `${comparable.trim()}\n`]
  }

  async function dump(backend: ReturnType<typeof linux>): Promise<Record<string, string>> {
    await using conn = await connect(backend)
    const found: [string, string][] = []
    for await (const def of conn.nodeDeviceDefs({ compat: true }))
      found.push(named(nodeDevice.format(def, { compat: true })))
    expect(conn.warnings()).toEqual([])
    return Object.fromEntries(found)
  }

  it(
    'is, in memory, what libvirtd said of it, byte for byte',
    async () => {
      const found = await dump(linux({ files: new MemoryFiles(tree) }))
      expect(Object.keys(found)).toHaveLength(799)
      expect(found).toEqual(expected)
    },
    slow,
  )

  it(
    'is the same unpacked into a folder',
    async () => {
      for (const [path, file] of tree) {
        const at = folder + path
        mkdirSync(dirname(at), { recursive: true })
        if (file instanceof Uint8Array) writeFileSync(at, file)
        else if (typeof file === 'object' && 'link' in file) symlinkSync(file.link, at)
        else if (typeof file === 'object' && 'kind' in file) mkdirSync(at, { recursive: true })
      }
      expect(await dump(linux({ root: folder }))).toEqual(expected)
    },
    slow,
  )

  it('has more devices than libvirt lists', async () => {
    await using conn = await connect(linux({ files: new MemoryFiles(tree) }))
    const names = (await conn.listNodeDevices()).map((device) => device.name)
    expect(names.filter((name) => !(name in expected))).toEqual([
      'block_mmcblk0_0xdeadbeef',
      ...[0, 2, 3, 4, 5, 6, 7].map((number) => `input_input${number}`),
      'net_bond0_7a_99_11_c2_a0_05',
      'net_br0_16_bb_89_86_61_c2',
      'net_dummy0_100_fa_8c_eb_c5_50_3b',
      ...[0, 1, 2].map((number) => `sound_card${number}`),
    ])
  })
})
