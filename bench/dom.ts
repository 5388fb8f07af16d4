import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DomainDocument } from '../src/dom.js'
import type { HostdevDef } from '../src/model/hostdev.js'
import { type Benchmark, inTurns } from './result.js'

const defs = Array.from(
  { length: 100 },
  (_, slot): HostdevDef => ({
    kind: 'pci',
    managed: true,
    source: { address: { domain: 0, bus: 1 + (slot >> 5), slot: slot & 0x1f, function: 0 } },
    alias: `ua-device-${slot}`,
  }),
)

const empty = `<domain type='test'>
  <name>bench</name>
  <memory>1024</memory>
  <os>
    <type>hvm</type>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <source file='/a.img'/>
      <target dev='vda'/>
    </disk>
  </devices>
</domain>
`

const full = (): string => {
  const domain = DomainDocument.parse(empty)
  for (const def of defs) domain.add(def)
  return domain.toString()
}

/** Reads a domain, adds a hundred host devices and takes them out again, by def, and writes it. */
function edit(): void {
  const domain = DomainDocument.parse(empty)
  for (const def of defs) domain.add(def)
  for (const def of defs) domain.remove(def)
  if (domain.toString() !== empty) throw new Error('the domain is not as it was')
}

/** Edits of a guest's definition beside handing it to libvirt once. */
export const dom: Benchmark = {
  name: 'dom',
  async run() {
    if (spawnSync('virsh', ['--version']).error) return { skipped: 'virsh is not installed' }
    const folder = mkdtempSync(join(tmpdir(), 'hostdev-bench-'))
    try {
      const file = join(folder, 'domain.xml')
      writeFileSync(file, full())
      const define = () => execFileSync('virsh', ['-q', '-c', 'test:///default', 'define', file], { stdio: 'pipe' })
      const [ours = 0, theirs = 1] = await inTurns([edit, define], 15)
      return [
        {
          name: '100 host devices added to a domain and removed',
          value: ours,
          unit: 'ms',
          peer: 'virsh define of it, once',
          ratio: ours / theirs,
          goal: 1,
        },
      ]
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}
