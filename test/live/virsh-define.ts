import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What libvirt made of a device: its XML, or why it was refused. */
export interface Answer {
  xml?: string
  error?: string
}

const domain = (name: string, device: string) =>
  `<domain type='test'><name>${name}</name><memory>1024</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os>` +
  `<devices>${device}</devices></domain>`

/** Text after each `MARK n` line, by n. */
function parts(text: string): string[] {
  return text
    .replace(/^virsh # .*\n?/gm, '')
    .split(/^MARK \d+.*\n?/m)
    .slice(1)
}

/**
 * Defines a domain with each device in libvirt's test driver, all in one virsh, and reads the definitions back.
 *
 * @param validate - let libvirt check the document against its schema first.
 */
export function defineAll(devices: readonly string[], { validate = false } = {}): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-define-'))
  try {
    const commands = devices.flatMap((device, n) => {
      const file = join(folder, `${n}.xml`)
      writeFileSync(file, domain(`d${n}`, device))
      const define = `define ${file}${validate ? ' --validate' : ''}`
      return [`echo MARK ${n}`, `echo --err MARK ${n}`, define, `dumpxml --inactive d${n}`, `undefine d${n}`]
    })
    const input = `${commands.join('\n')}\n`
    const { stdout, stderr } = spawnSync('virsh', ['-q', '-c', 'test:///default'], {
      input,
      encoding: 'utf8',
      maxBuffer: 1e9,
      timeout: 50_000,
    })
    const errors = parts(stderr.replace(/^error: MARK/gm, 'MARK'))
    return parts(stdout).map((output, n) => {
      const found = /^ {4}<(hostdev|interface)[\s\S]*?^ {4}<\/\1>|^ {4}<(hostdev|interface)[^>]*\/>/m.exec(output)
      if (!found) return { error: errors[n]?.trim() ?? '' }
      return { xml: `${found[0].replace(/^ {4}/gm, '')}\n` }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
