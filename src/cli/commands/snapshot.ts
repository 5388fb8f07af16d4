import { writeFile } from 'node:fs/promises'
import type { AddCommand } from '../cli.js'
import type { Terminal } from '../terminal.js'

/** What `hostdev snapshot` was asked for. */
interface SnapshotFlags {
  output: string
  scrub?: boolean
}

/** `hostdev snapshot`: records this machine, so that a bug report is a file. */
export const addSnapshot: AddCommand = ({ root, out }) => {
  root
    .command('snapshot')
    .description('record this machine, so that its devices can be looked at anywhere')
    .option('-o, --output <file>', 'where to', 'host.hostdev')
    .option('--scrub', "make up serial numbers, hardware addresses and WWNs in place of this machine's")
    .action((flags: SnapshotFlags) => takeSnapshot(flags, out))
}

async function takeSnapshot(flags: SnapshotFlags, terminal: Terminal): Promise<void> {
  const { snapshot } = await import('../../linux.js')
  const bytes = await snapshot({ scrub: flags.scrub ?? false })
  await writeFile(flags.output, bytes, { mode: 0o600 })
  terminal.write(
    `${flags.output}: ${bytes.length} bytes. hostdev -c mock://${flags.output.startsWith('/') ? '' : `${process.cwd()}/`}${flags.output} list --tree shows what is in it.\n`,
  )
}
