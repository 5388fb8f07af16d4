import { delay } from '../../async/deadline.js'
import { VirtError } from '../../errors.js'
import { type VzctlChange, vzctlSet } from '../../formats/vzctl.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import type { RunCommand } from '../../os/command.js'
import { Denied, type HostFiles } from '../../os/host-files.js'

/** What vzctl's exit statuses mean, as far as they are about devices; of both generations. */
const meanings: Readonly<Record<number, string>> = {
  5: 'the kernel has no OpenVZ, or lacks what the option needs',
  9: 'another vzctl has the container locked',
  14: 'the container has no config',
  20: 'this vzctl does not know the option',
  21: 'a value is refused',
  31: 'the container is not running',
  86: 'the device node cannot be given',
  104: 'the interface cannot be moved',
  139: 'the config cannot be saved, or vzctl crashed',
  147: 'the PCI device cannot be given',
}

/** How long the kernel may take to move an interface after vzctl has said so, in milliseconds. */
const moveLimit = 3000

/** Runs `vzctl set` and does not believe it: exit 0 does not mean that an interface moved. */
export async function runVzctl(
  run: RunCommand,
  files: HostFiles,
  container: string,
  def: HostdevDef,
  change: VzctlChange & { readonly running: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const argv = vzctlSet(container, def, change)
  try {
    await run(argv, change.signal ? { signal: change.signal } : {})
  } catch (error) {
    if (!VirtError.is(error, 'operation-failed')) throw error
    const meaning = meanings[error.details.exitStatus ?? -1]
    throw new VirtError(
      'operation-failed',
      `container ${container}: vzctl would not ${change.action} ${describeHostdev(def)}: ${meaning ?? error.message}`,
      { ...error.details, domain: container, cause: error },
    )
  }
  if (def.kind === 'net' && change.running) await verifyMoved(files, container, def.source.interface, change.action)
}

/** Looks whether an interface has left the host, or is back. */
async function verifyMoved(
  files: HostFiles,
  container: string,
  name: string,
  action: VzctlChange['action'],
): Promise<void> {
  const isHere = () => !(files.stat(`/sys/class/net/${name}`) instanceof Denied)
  for (let waited = 0; isHere() !== (action === 'detach'); waited += 50) {
    if (waited >= moveLimit)
      throw new VirtError(
        'operation-failed',
        action === 'attach'
          ? `container ${container}: vzctl said yes, but the interface ${name} is still on the host`
          : `container ${container}: vzctl said yes, but the interface ${name} has not come back to the host; was it renamed inside?`,
        { domain: container, device: name },
      )
    await delay(50)
  }
}
