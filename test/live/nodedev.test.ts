import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, it } from 'vitest'
import { bundleCli } from '../../scripts/bundle-cli.mjs'
import { connect, nodeDevice } from '../../src/index.js'
import { linux } from '../../src/linux.js'
import { needs } from '../needs.js'

/** In what our word may differ from libvirtd's, and why. */
const exceptions: readonly { readonly why: string; apply(xml: string): string }[] = [
  {
    why: 'libvirt writes an empty <firmware> in two lines, which says the same.',
    apply: (xml) => xml.replace(/<firmware>\s*<\/firmware>/, '<firmware/>'),
  },
  {
    why: 'Whether a PCI device works in switchdev mode is asked of devlink, which hostdev does not.',
    apply: (xml) => xml.replace(/^ *<feature name='switchdev'\/>\n/gm, ''),
  },
]

/** The documents of a text, made comparable, by the names of their devices. */
function documents(text: string): Record<string, string> {
  const found = (text.match(/^<device>$[\s\S]*?^<\/device>$/gm) ?? []).map((xml): [string, string] => [
    /<name>(.*)<\/name>/.exec(xml)?.[1] ?? '',
    exceptions.reduce((comparable, { apply }) => apply(comparable), xml),
  ])
  return Object.fromEntries(found)
}

function virsh(input: string): string {
  const { stdout } = spawnSync('virsh', ['--quiet', '--connect', 'qemu:///system'], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return stdout
}

async function ours(): Promise<Record<string, string>> {
  await using conn = await connect(linux())
  let text = ''
  for await (const def of conn.nodeDeviceDefs({ compat: true })) text += nodeDevice.format(def, { compat: true })
  return documents(text)
}

const unlike = process.getuid?.() === 0 ? undefined : 'only root sees all that libvirtd sees'

needs(inject('absent').libvirtd ?? unlike).describe('a Linux host, beside libvirtd on the same machine', () => {
  it('has the same devices, and the same word for each', async () => {
    const names = virsh('nodedev-list\n').split('\n').filter(Boolean)
    const theirs = documents(virsh(names.map((name) => `nodedev-dumpxml ${name}\n`).join('')))
    expect(names).toContain('computer')
    expect(await ours()).toEqual(theirs)
  })
})

const can = spawnSync('unshare', ['--mount', '--net', 'true']).status === 0
const tools = ['libvirtd', 'virsh', 'ip', 'losetup'].filter((tool) => spawnSync(tool, ['--version']).error)
const missing = !can ? 'only root can have namespaces of its own' : tools[0] && `no ${tools[0]} is installed`

needs(missing).describe('a host with 200 more devices, made in namespaces with a libvirtd of their own', () => {
  let sections: Record<string, string>

  beforeAll(async () => {
    const script = join(import.meta.dirname, 'many-devices.sh')
    const spaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private']
    const argv = [...spaces, 'bash', script, process.execPath, fileURLToPath(await bundleCli())]
    const { stdout, stderr, status } = spawnSync('unshare', argv, { encoding: 'utf8', maxBuffer: 2 ** 28 })
    expect(status, stderr).toBe(0)
    const parts = stdout.split(/^=== (\w+)$/m).slice(1)
    sections = Object.fromEntries(parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1] ?? '']] : [])))
  })

  it('is to hostdev what it is to libvirtd, device by device', () => {
    const theirs = documents(sections.libvirtd ?? '')
    expect(Object.keys(theirs).length).toBeGreaterThan(200)
    expect(documents(sections.hostdev ?? '')).toEqual(theirs)
  })

  it('has bridges, which libvirtd leaves out, and no loop devices', () => {
    const names = sections.names?.split('\n') ?? []
    expect(names.filter((name) => /^net_br\d/.test(name))).toHaveLength(20)
    expect(names.filter((name) => name.includes('loop'))).toEqual([])
  })
})
