import { type Connection, VirtError } from '../../index.js'
import type { AddCommand } from '../cli.js'
import { printable, type Terminal } from '../terminal.js'

/** `hostdev recover`: brings changes that were cut off to an end. */
export const addRecover: AddCommand = ({ root, change, out }) => {
  root
    .command('recover')
    .description('bring changes that were cut off to an end: the host gets its devices back')
    .action(() => change((conn) => recoverChanges(conn, out)))
}

async function recoverChanges(conn: Connection, { write }: Terminal): Promise<void> {
  const changes = await conn.recover()
  if (changes.length === 0) write('nothing was cut off\n')
  for (const { verb, devices, pid, result, reason } of changes) {
    const why = reason === undefined ? '' : `: ${reason}`
    write(`${verb} of ${devices.join(', ')}, begun by process ${pid}: ${result}${printable(why)}\n`)
  }
  const left = changes.filter(({ result }) => result === 'busy' || result === 'failed')
  if (left.length > 0) throw new VirtError('operation-failed', `${left.length} of ${changes.length} changes remain`)
}
