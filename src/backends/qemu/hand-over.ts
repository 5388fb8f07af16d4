import { deadline, type Limits } from '../../async/deadline.js'
import { VirtError } from '../../errors.js'
import type { QemuHostdev } from '../../formats/qemu/options.js'
import type { QmpClient, QmpEvent } from '../../wire/qmp/client.js'
import { isObject } from '../../wire/qmp/json-reader.js'

/** Gives a guest a device by QEMU's own words. What was made for it before QEMU refuses is taken away again. */
export async function plug(qemu: QmpClient, { objects, blockdevs, devices }: QemuHostdev): Promise<void> {
  const undo: (() => Promise<unknown>)[] = []
  try {
    for (const each of objects) {
      await qemu.execute('object-add', each)
      undo.push(() => qemu.execute('object-del', { id: each.id }))
    }
    for (const each of blockdevs) {
      await qemu.execute('blockdev-add', each)
      undo.push(() => qemu.execute('blockdev-del', { 'node-name': each['node-name'] }))
    }
    for (const each of devices) {
      await qemu.execute('device_add', each)
      undo.push(() => qemu.execute('device_del', { id: each.id }))
    }
  } catch (error) {
    for (const back of undo.reverse()) await back().catch(secondary)
    throw error
  }
}

/** What fails while a failure is cleaned up after is no news: QEMU has gone, or the device has taken it along. */
function secondary(error: unknown): void {
  if (!VirtError.is(error)) throw error
}

/** A device that a guest is to let go of. */
export interface Unplugging {
  readonly domain: string
  /** In words: `USB device 1:5`. */
  readonly what: string
  /** Its id, or its path in the object model where it has none. */
  readonly id: string
  /** The block node behind a SCSI device, which stays when that has gone. */
  readonly node?: string | undefined
}

/** How long a device is waited for. */
export interface UnplugOptions {
  /** Milliseconds for a guest that runs. */
  readonly timeout: number
  readonly signal?: AbortSignal | undefined
}

/** Milliseconds for a guest that is stopped: what it has to do itself it cannot, and QEMU's own part takes less. */
const stoppedPatience = 3000

const ends = ['DEVICE_DELETED', 'DEVICE_UNPLUG_GUEST_ERROR']

/**
 * Has a guest let go of a device, and waits until it has. Calls for several devices run side by side.
 *
 * @throws VirtError `operation-failed` when the guest refuses, `operation-invalid` when it is stopped and cannot
 * answer, `timeout` when it does not; it may let go later then
 */
export async function unplug(qemu: QmpClient, device: Unplugging, options: UnplugOptions): Promise<void> {
  await using events = qemu.events(ends)
  if (await request(qemu, device.id)) await lettingGo(qemu, device, events, options).catch(unlessGone)
  if (device.node !== undefined) await qemu.execute('blockdev-del', { 'node-name': device.node }).catch(unlessGone)
}

/** Waits for the end of an unplugging. Whether the guest runs is asked only when that has not come soon. */
async function lettingGo(
  qemu: QmpClient,
  device: Unplugging,
  events: AsyncIterable<QmpEvent>,
  { signal, timeout }: UnplugOptions,
): Promise<void> {
  const end = endOf(device, events)
  const soon = Math.min(timeout, stoppedPatience)
  if (await comes(end, { signal, timeout: soon })) return
  if (!(await runs(qemu)))
    throw about(device, 'operation-invalid', 'is stopped and cannot let go of', 'it will when it goes on')
  if (timeout > soon && (await comes(end, { signal, timeout: timeout - soon }))) return
  throw about(device, 'timeout', `has not within ${timeout} ms let go of`, 'it may still do')
}

/** Whether something comes within a time. */
async function comes(end: Promise<void>, limits: Limits): Promise<boolean> {
  const late = new Error('late')
  try {
    await deadline(
      limits,
      () => late,
      () => end,
    )
    return true
  } catch (error) {
    if (error === late) return false
    throw error
  }
}

async function endOf(device: Unplugging, events: AsyncIterable<QmpEvent>): Promise<void> {
  for await (const event of events) {
    if (!isAbout(event, device.id)) continue
    if (event.name === 'DEVICE_DELETED') return
    throw about(device, 'operation-failed', 'refuses to let go of', 'try again, or shut it down')
  }
}

/** Asks for the device; false when it has gone already. One that was asked for before is waited for. */
async function request(qemu: QmpClient, id: string): Promise<boolean> {
  try {
    await qemu.execute('device_del', { id })
    return true
  } catch (error) {
    if (!VirtError.is(error)) throw error
    if (error.details.qmpClass === 'DeviceNotFound' || error.code === 'no-connection') return false
    if (/already in the process of unplug/.test(error.message)) return true
    throw error
  }
}

/** With QEMU every device of it has gone. */
function unlessGone(error: unknown): void {
  if (!VirtError.is(error, 'no-connection')) throw error
}

const isAbout = ({ data }: QmpEvent, id: string): boolean =>
  data.device === id || data.path === id || data.path === `/machine/peripheral/${id}`

async function runs(qemu: QmpClient): Promise<boolean> {
  const status = await qemu.execute('query-status')
  return isObject(status) && status.running === true
}

const about = (
  { domain, what }: Unplugging,
  code: 'timeout' | 'operation-invalid' | 'operation-failed',
  problem: string,
  remedy: string,
): VirtError => new VirtError(code, `the guest ${domain} ${problem} ${what}; ${remedy}`, { domain, backend: 'qemu' })
