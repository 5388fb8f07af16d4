import type { CallOptions } from '../backend.js'
import { notTakenBack, VirtError } from '../errors.js'
import { bootId } from '../host/plain-files.js'
import type { HostStep } from '../model/host-step.js'
import { describeStep } from '../model/host-step.js'
import { type Action, asSteps, isGuestAction, type Performed, perform } from './action.js'
import { Book } from './book.js'
import type { Change } from './change.js'
import type { DeviceLocks } from './device-locks.js'
import { Journal } from './journal.js'
import type { ManagedHost } from './managed-host.js'

/** A change under way: its host, its journal, and the locks of its devices. */
export interface Course {
  readonly host: ManagedHost
  readonly change: Change
  readonly journal: Journal
  readonly locks: DeviceLocks
}

/**
 * Makes a change, step by step: each is announced in the journal, done, and looked at. What fails is undone; what hangs
 * is left alone, journal and all, for nothing can be done to that device before the write has ended.
 *
 * @returns what was done; steps whose goal was reached before are not among them
 * @throws VirtError that of the step that has failed; `timeout` when one hangs
 */
export async function runChange(
  host: ManagedHost,
  change: Change,
  locks: DeviceLocks,
  { signal }: CallOptions = {},
): Promise<HostStep[]> {
  const journal = Journal.begin(host.state, bootId(host.files), change)
  const course = { host, change, journal, locks }
  let last = -1
  try {
    const done: HostStep[] = []
    for (const [index, step] of change.steps.entries()) {
      signal?.throwIfAborted()
      last = index
      if (step.do && (await take(course, index, 'do', step.do)) === 'done') done.push(...asSteps(step.do))
    }
    finish(course)
    return done
  } catch (error) {
    if (journal.hangs) throw error
    await undo(course, last).catch((failure: unknown) => {
      throw notTakenBack(
        error,
        failure,
        (why) => `undoing it has failed (${why}): recover the device when that is mended`,
      )
    })
    throw error
  }
}

/** Does the steps from that one on that a change which was cut off has not come to. */
export async function redo(course: Course, from: number): Promise<void> {
  for (const [index, step] of course.change.steps.entries())
    if (index >= from && step.do) await take(course, index, 'do', step.do)
  finish(course)
}

/** Takes a change back from that step on. A device that this fails for keeps no other from being given back. */
export async function undo(course: Course, from: number): Promise<void> {
  const failures = new Map<string, unknown>()
  for (let index = from; index >= 0; index--) {
    const step = course.change.steps[index]
    if (!step?.undo || failures.has(step.device)) continue
    try {
      await take(course, index, 'undo', step.undo)
    } catch (error) {
      failures.set(step.device, error)
    }
  }
  for (const failure of failures.values()) throw failure
  course.journal.note({ end: 'undone' })
  course.journal.remove()
}

/** Writes into the book what the change has come to. */
export function finish({ host, change, journal }: Course): void {
  journal.note({ end: 'done' })
  const book = new Book(host)
  for (const record of change.records) book.put(record)
  journal.remove()
}

async function take(
  { host, change, journal, locks }: Course,
  step: number,
  way: 'do' | 'undo',
  action: Action,
): Promise<'skipped' | 'done'> {
  const key = change.steps[step]?.device ?? ''
  const device = change.devices.find((each) => each.key === key) ?? { key, name: key }
  journal.note({ step, way })
  let performed: Performed | undefined
  try {
    performed = await perform(host, action, { device, keeping: locks.descriptor })
  } finally {
    // what was cut off may go on in a child that cannot be killed
    if (!isGuestAction(action) && (performed === undefined || performed === 'pending')) locks.leave(key)
  }
  if (performed !== 'pending') return performed === 'done' ? 'done' : 'skipped'
  journal.note({ step, way, pending: true })
  throw new VirtError(
    'timeout',
    `${device.name}: ${asSteps(action).map(describeStep).join()} hangs in the kernel, until whoever uses the device lets go; it cannot be ` +
      'cancelled: leave the device alone, and recover it when that has ended',
    { device: device.name },
  )
}
