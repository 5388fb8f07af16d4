import {
  type Connection,
  describeStep,
  type HostStep,
  type PersistenceForm,
  persistenceText,
  VirtError,
} from '../../index.js'
import { printable, type Terminal } from '../terminal.js'

/** What a change of a device was asked for. */
interface ChangeFlags {
  dryRun?: boolean
}

/** What `hostdev nodedev-detach` was asked for. */
export interface DetachFlags extends ChangeFlags {
  driver?: string
  wholeGroup?: boolean
  force?: boolean
  /** Prints what has the device held after each start of the host. */
  persistent?: PersistenceForm
}

/** `hostdev nodedev-detach`: takes a device from its driver. */
export async function detachDevice(conn: Connection, name: string, flags: DetachFlags, out: Terminal): Promise<void> {
  const device = await conn.lookupNodeDevice(name)
  const text = flags.persistent && persistenceText(await device.def(), flags.persistent)
  report(await device.detach(flags), `${name} detached`, flags, out)
  if (text) out.write(text)
}

/** `hostdev nodedev-reattach`: gives a device back. */
export async function reattachDevice(conn: Connection, name: string, flags: ChangeFlags, out: Terminal): Promise<void> {
  const device = await conn.lookupNodeDevice(name)
  report(await device.reattach(flags), `${name} re-attached`, flags, out)
}

/** `hostdev nodedev-reset`: resets a device. */
export async function resetDevice(conn: Connection, name: string, flags: ChangeFlags, out: Terminal): Promise<void> {
  const device = await conn.lookupNodeDevice(name)
  report(await device.reset(flags), `${name} reset`, flags, out)
}

function report(steps: readonly HostStep[], done: string, { dryRun = false }: ChangeFlags, { write }: Terminal): void {
  if (!dryRun) write(`${printable(done)}\n`)
  else if (steps.length === 0) write('nothing to do\n')
  else for (const step of steps) write(`${printable(describeStep(step))}\n`)
}

/** `hostdev recover`: brings changes that were cut off to an end. */
export async function recoverChanges(conn: Connection, { write }: Terminal): Promise<void> {
  const changes = await conn.recover()
  if (changes.length === 0) write('nothing was cut off\n')
  for (const { verb, devices, pid, result, reason } of changes) {
    const why = reason === undefined ? '' : `: ${reason}`
    write(`${verb} of ${devices.join(', ')}, begun by process ${pid}: ${result}${printable(why)}\n`)
  }
  const left = changes.filter(({ result }) => result === 'busy' || result === 'failed')
  if (left.length > 0) throw new VirtError('operation-failed', `${left.length} of ${changes.length} changes remain`)
}
