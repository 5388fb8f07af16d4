import type { Recovered, Warning } from '../backend.js'
import { VirtError } from '../errors.js'
import { bootId } from '../host/plain-files.js'
import { isGuestAction } from './action.js'
import type { Change } from './change.js'
import { DeviceLocks } from './device-locks.js'
import { isHandedOver } from './guests.js'
import { Journal } from './journal.js'
import type { ManagedHost } from './managed-host.js'
import { type Course, finish, redo, undo } from './run-change.js'

/**
 * Brings changes that were cut off to an end that leaves the host with its devices: what was being given away is taken
 * back, what was being given back is given back. Changes that are still being made, and writes that still hang, are
 * left alone and reported.
 */
export async function recover(host: ManagedHost): Promise<Recovered[]> {
  const results: Recovered[] = []
  for (const journal of Journal.unfinished(host.state, bootId(host.files))) {
    const { verb, devices } = journal.change
    const report = { verb, devices: devices.map(({ name }) => name), pid: journal.pid }
    try {
      results.push({ ...report, result: await bringToAnEnd(host, journal) })
    } catch (error) {
      if (!VirtError.is(error)) throw error
      results.push({ ...report, ...notEnded(error) })
    }
  }
  return results
}

/** What is reported of what could not be brought to an end. */
export const notEnded = ({ code, message }: VirtError): Pick<Recovered, 'result' | 'reason'> => ({
  result: code === 'resource-busy' ? 'busy' : 'failed',
  reason: message,
})

/** Changes that were begun and have not ended, as warnings; they may be under way in another process. */
export const unfinishedChanges = ({ files, state }: Pick<ManagedHost, 'files' | 'state'>): Warning[] =>
  Journal.unfinished(state, bootId(files)).map(({ name, pid, change: { verb, devices } }) => ({
    path: name,
    problem: `process ${pid} has not ended a ${verb} of ${devices.map((each) => each.name).join(', ')}; recover it`,
  }))

async function bringToAnEnd(host: ManagedHost, { name, change }: Journal): Promise<'undone' | 'finished'> {
  using locks = await DeviceLocks.take(host.state, change.devices, 'recover')
  const journal = Journal.unfinished(host.state, bootId(host.files)).find((each) => each.name === name)
  // whoever had the locks has ended it in the meantime
  if (!journal) return change.recovery === 'finish' ? 'finished' : 'undone'

  const course: Course = { host, change, journal, locks }
  const begun = journal.notes.reduce((last, note) => ('step' in note && note.way === 'do' ? note.step : last), -1)
  const last = journal.notes.at(-1)
  if (last && 'end' in last && last.end === 'done') finish(course)
  else if (!(last && 'step' in last && last.way === 'undo') && (await isToFinish(host, change)))
    await redo(course, begun)
  else {
    await undo(course, begun)
    return 'undone'
  }
  return 'finished'
}

/** Whether a change that was cut off goes on; the hypervisor is asked where it had a part in it. */
async function isToFinish(host: ManagedHost, { recovery, steps, devices }: Change): Promise<boolean> {
  if (recovery !== 'ask') return recovery === 'finish'
  for (const { device: key, do: action } of steps) {
    const device = devices.find((each) => each.key === key)
    if (device && action && isGuestAction(action) && !(await isHandedOver(host, action, device))) return false
  }
  return true
}
