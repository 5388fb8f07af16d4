import { type ErrorCode, VirtError } from '../errors.js'
import { exists } from '../host/plain-files.js'
import { describeStep, type HostStep } from '../model/host-step.js'
import { Denied } from '../os/host-files.js'
import { editContainer, isEdited } from './config-edit.js'
import { type Goal, isReached, isReachedSoon } from './goal.js'
import { type GuestAction, handOver } from './guests.js'
import { readHolders } from './holders.js'
import type { ManagedDevice } from './host-device.js'
import type { ManagedHost, ToolstackMemory } from './managed-host.js'
import { isVfAction, isVfSet, setVf, type VfAction, vfArgv } from './vf-network.js'
import { vfioNodes } from './vfio-nodes.js'

/** One write, command or edit, and what it is for: where that is reached already nothing is done. Plain JSON. */
type HostAction = HostStep & {
  readonly goal?: Goal
  /** What a command reads on /dev/stdin. */
  readonly stdin?: string
  /** What a command that fails says where there was nothing for it to do. */
  readonly already?: string
  /** For a node of xenstore, the only value that is overwritten or taken away. */
  readonly replacing?: string
  /** A path without which there is nothing to do. */
  readonly needs?: string
  /** Folder of a device that nobody may have open: what takes it away would hang until they let go. */
  readonly unused?: string
  /** Whether the kernel may take ten times as long as usual to show the effect. */
  readonly slow?: true
  /** For an edit, the lock file by which the config's other editors keep off. */
  readonly pidLock?: string
}

/** What a step does, on the host or in its hypervisor. Plain JSON. */
export type Action = HostAction | VfAction | GuestAction

/** Whether it is the hypervisor that does it. */
export const isGuestAction = (action: Action): action is GuestAction => 'give' in action || 'take' in action

/** What was done: nothing, for the goal was reached before; or what is still on its way in the kernel. */
export type Performed = 'skipped' | 'done' | 'pending'

/**
 * Does one action and looks whether it has worked.
 *
 * @param device - whom it is for
 * @param keeping - descriptor of the lock that a write or a command must hold on to
 * @throws VirtError `access-denied`, `device-missing`, or `operation-failed` with the errno
 */
export async function perform(
  host: ManagedHost,
  action: Action,
  { device, keeping }: { device: ManagedDevice; keeping?: number | undefined },
): Promise<Performed> {
  if (isGuestAction(action)) return await handOver(host, action, device, keeping)
  if (isVfAction(action)) return await setVf(host, action, { device, keeping })
  if (await isDone(host, action)) return 'skipped'
  if (action.needs !== undefined && !exists(host.files, action.needs)) return 'skipped'
  if (action.unused !== undefined) await refuseInUse(host, device.name, action.unused)
  if ('edit' in action) await editContainer(action, { pidLock: action.pidLock })
  else if ('run' in action) await command(host, action, keeping)
  else if ('store' in action) {
    const memory = memoryOf(host, device, action.store)
    if (action.value === null) await memory.remove(action.store)
    else await memory.write(action.store, action.value)
  } else {
    const answer = await host.writes.write(action.write, action.value, { keeping })
    if (answer === 'pending') return 'pending'
    if (answer instanceof Denied) throw refused(device.name, answer)
  }
  if (action.goal && !(await isReachedSoon(host, action.goal, action.slow ? 10 : 1)))
    throw ineffective(device.name, action)
  return 'done'
}

async function command(
  host: ManagedHost,
  { run, stdin, already }: Extract<HostAction, { run: unknown }>,
  keeping: number | undefined,
): Promise<void> {
  try {
    await host.run(run, {
      ...(stdin !== undefined && { stdin, stdinByName: true }),
      ...(keeping !== undefined && { descriptors: [keeping] }),
    })
  } catch (error) {
    const said = VirtError.is(error, 'operation-failed') ? error.details.stderr : undefined
    if (already === undefined || !said?.includes(already)) throw error
  }
}

function memoryOf({ memory }: ManagedHost, { name }: ManagedDevice, path: string): ToolstackMemory {
  if (memory) return memory
  throw new VirtError(
    'operation-unsupported',
    `${name}: its driver is remembered in ${path} of xenstore: only a connection to Xen can end its change; recover it there`,
    { device: name, path },
  )
}

async function refuseInUse({ files }: ManagedHost, device: string, folder: string): Promise<void> {
  const nodes = vfioNodes(files, folder)
  const holders = nodes.length === 0 ? new Map() : await readHolders(files)
  for (const node of nodes)
    for (const { pid, program } of holders.get(node) ?? [])
      throw new VirtError('resource-busy', `${device} is in use by ${program}, process ${pid}; end that first`, {
        device,
      })
}

/** Whether what an action is for is so already. */
export async function isDone(host: ManagedHost, action: HostAction | VfAction): Promise<boolean> {
  if (isVfAction(action)) return await isVfSet(host, action)
  if (action.goal) return await isReached(host, action.goal)
  if ('store' in action) {
    const { store, value, replacing } = action
    const now = (await host.memory?.read(store)) ?? null
    return now === value || (replacing !== undefined && now !== replacing)
  }
  return 'edit' in action && isEdited(action)
}

/** What a person can do about an errno that a write was denied with. */
const remedies: Readonly<Record<string, readonly [code: ErrorCode, what: string]>> = {
  EACCES: ['access-denied', 'this user may not write it; only root may'],
  EPERM: ['access-denied', 'this process lacks the right; it needs root with CAP_SYS_ADMIN'],
  EROFS: ['access-denied', '/sys is mounted read-only, as in a container; mount it read-write, or run on the host'],
  ENOENT: ['device-missing', 'it is not there; the device or its driver has gone'],
  ENODEV: ['device-missing', 'the kernel knows no such device there; it has gone, or another driver has it'],
}

/** A write that the kernel or the file's rights have refused. */
export function refused(device: string, { path, errno }: Denied): VirtError {
  const [code, what] = remedies[errno] ?? ['operation-failed', `the kernel refuses (${errno}); its log may say why`]
  return new VirtError(code, `${device}: ${path} cannot be written: ${what}`, {
    device,
    path,
    errno,
  })
}

function ineffective(device: string, { goal, ...step }: HostAction): VirtError {
  const said = `${describeStep(step)} was taken`
  const where =
    'run' in step
      ? { argv: step.run }
      : { path: 'write' in step ? step.write : 'edit' in step ? step.edit : step.store }
  if (goal && 'interface' in goal)
    return new VirtError(
      'operation-failed',
      goal.in === null
        ? `${device}: ${said}, but the interface ${goal.interface} has not come back to the host; was it renamed inside?`
        : `${device}: ${said}, but the interface ${goal.interface} is not in container ${goal.in}`,
      { device, ...where },
    )
  const wanted = goal && 'driver' in goal ? ` the driver ${goal.driver ?? 'gone'}` : ' its effect'
  return new VirtError('operation-failed', `${device}: ${said} by the kernel without${wanted}; its log may say why`, {
    device,
    ...where,
  })
}

/** The action as others see it; nothing of what a hypervisor does. */
export function asSteps(action: Action): HostStep[] {
  if (isGuestAction(action)) return []
  if (isVfAction(action)) return [{ run: vfArgv(action) }]
  if ('run' in action) return [{ run: action.run }]
  if ('write' in action) return [{ write: action.write, value: action.value }]
  if ('store' in action) return [{ store: action.store, value: action.value }]
  const { edit, key, word, present } = action
  return [{ edit, key, word, present }]
}
