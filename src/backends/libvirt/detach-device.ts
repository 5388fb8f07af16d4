import { deadline } from '../../async/deadline.js'
import type { DetachHostdevOptions } from '../../backend.js'
import { VirtError } from '../../errors.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import type { ArgsOf } from '../../wire/libvirt-rpc/procedures.js'
import type { Session } from './session.js'
import { watchDomains } from './watch-domains.js'

/** How long a guest has to let go of a device, in milliseconds. libvirt itself waits five seconds, then forgets. */
const patience = 30_000

/**
 * Takes a device from a guest. From one that runs libvirt has only asked for it when the call returns, so this waits
 * for the event that says how that ended.
 *
 * @throws VirtError `operation-failed` when the guest refuses, `timeout` when it does not answer
 */
export async function detachAndWait(
  session: Session,
  args: ArgsOf<'domainDetachDeviceFlags'>,
  live: HostdevDef | undefined,
  options: DetachHostdevOptions,
): Promise<void> {
  const { name } = args.dom
  const detach = () => session.call('domainDetachDeviceFlags', args, options, { domain: name })
  if (live === undefined || live.kind === 'other' || live.alias === undefined) {
    await detach()
    return
  }
  const { alias } = live
  const what = describeHostdev(live)
  const late = (limit: number) =>
    new VirtError('timeout', `the guest ${name} has not let go of ${what} within ${limit} ms; it may still do`, {
      domain: name,
      backend: 'libvirt',
    })
  await using events = await watchDomains(session, options)
  await detach()
  await deadline({ signal: options.signal, timeout: options.timeout ?? patience }, late, async () => {
    for await (const event of events) {
      const ended = event.domain === name && (event.kind === 'stopped' || event.alias === alias)
      if (!ended || event.kind === 'device-added') continue
      if (event.kind !== 'removal-failed') return
      throw new VirtError('operation-failed', `the guest ${name} refuses to let go of ${what}`, {
        domain: name,
        backend: 'libvirt',
      })
    }
  })
}
