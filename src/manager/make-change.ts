import type { ChangeOptions } from '../backend.js'
import { VirtError } from '../errors.js'
import { exists } from '../host/plain-files.js'
import type { Finding, FindingCode } from '../model/finding.js'
import type { HostStep } from '../model/host-step.js'
import { Denied } from '../os/host-files.js'
import { asSteps, isDone, isGuestAction, refused } from './action.js'
import type { Change, Step } from './change.js'
import { DeviceLocks } from './device-locks.js'
import type { ManagedDevice } from './host-device.js'
import type { ManagedHost } from './managed-host.js'
import { runChange } from './run-change.js'

/**
 * Plans a change and makes it: the rights first, then the locks, then the look at the host that the plan is made from,
 * so that what was seen is still so when it is acted on.
 *
 * @param writable - files that the change begins with; who may not write these need not try
 * @param plan - answers `undefined` when there is nothing to do, and throws what speaks against it
 * @returns what was done, or would be
 * @throws VirtError `access-denied`, `resource-busy`, and what {@link runChange} and `plan` throw
 */
export async function makeChange(
  host: ManagedHost,
  { verb, devices, writable }: { verb: Change['verb']; devices: readonly ManagedDevice[]; writable: readonly string[] },
  { dryRun = false, ...options }: ChangeOptions,
  plan: () => Promise<Change | undefined>,
): Promise<HostStep[]> {
  if (dryRun) return await stepsLeft(host, (await plan())?.steps ?? [])
  for (const path of writable) {
    const allowed = exists(host.files, path) ? host.writes.allowed(path) : true
    if (allowed instanceof Denied) throw refused(devices[0]?.name ?? verb, allowed)
  }
  using locks = await DeviceLocks.take(host.state, devices, verb)
  const change = await plan()
  return change ? await runChange(host, change, locks, options) : []
}

/** What would be done: a step whose goal is reached now and that no other comes before is not among it. */
async function stepsLeft(host: ManagedHost, steps: readonly Step[]): Promise<HostStep[]> {
  const left: HostStep[] = []
  for (const { do: action } of steps)
    if (action && !isGuestAction(action) && !(await isDone(host, action))) left.push(...asSteps(action))
  return left
}

/**
 * Refuses a change for the first thing that speaks against it.
 *
 * @param unless - findings that do not matter to it
 * @throws VirtError `operation-invalid` (libvirt's 55)
 */
export function refuseFor(
  device: ManagedDevice,
  findings: readonly Finding[],
  { unless = [], force }: { unless?: readonly FindingCode[]; force?: boolean } = {},
): void {
  const grave = findings.filter(({ code, severity }) => severity !== 'note' && !unless.includes(code))
  const blocker = grave.find(({ severity }) => severity === 'blocker')
  const danger = force ? undefined : grave.find(({ severity }) => severity === 'danger')
  const found = blocker ?? danger
  if (!found) return
  const remedy = found.remedy === undefined ? '' : `; ${found.remedy}`
  const forced = found === danger && force !== undefined ? '; it can be forced' : ''
  throw new VirtError('operation-invalid', `${device.name} ${found.message}${remedy}${forced}`, { device: device.name })
}
