import { deadline } from '../../src/async/deadline.js'
import type { Connection, DeviceSelector, FollowEvent } from '../../src/index.js'

/** A host on which the scenario is played: the hands that plug, and the device and guest that it is about. */
export interface FollowStage {
  readonly conn: Connection
  /** The guest, running, without the device. */
  readonly guest: string
  /** The USB device, which is not plugged in. */
  readonly device: DeviceSelector
  plug(): Promise<void> | void
  unplug(): Promise<void> | void
  stop(): Promise<void> | void
  start(): Promise<void> | void
  /** Milliseconds for each event, where not all come at once. */
  readonly limit?: number
}

/** Events, of which each has to come within a time. */
export function patient<T>(events: AsyncIterable<T>, timeout: number | undefined): AsyncIterator<T> {
  const iterator = events[Symbol.asyncIterator]()
  const late = () => new Error(`no event within ${timeout} ms`)
  return { next: () => deadline({ timeout }, late, () => iterator.next()) }
}

/** What happened, in words that are the same on every host. */
const inWords = (event: FollowEvent): string => {
  if (event.kind === 'waiting') return `waiting for ${event.for}`
  if (event.kind === 'detached') return `detached: ${event.reason}`
  return event.kind === 'attached' && event.already ? 'attached already' : event.kind
}

/**
 * Plug, attach, unplug, replug, stop and start the guest, follow: written once, and played on the mock and on real
 * hosts, where the same log of events is to come out.
 */
export async function playFollowScenario({ conn, guest, device, limit, ...hands }: FollowStage): Promise<string[]> {
  const log: string[] = []
  const domain = await conn.lookupDomain(guest)
  const following = await domain.follow(device, { release: true })
  const events = patient(following, limit)
  /** Does something, and waits for what comes of it. */
  const act = async (what: string, work: () => Promise<void> | void, until: string) => {
    log.push(`— ${what}`)
    await work()
    for (;;) {
      const { value, done } = await events.next()
      if (done) throw new Error(`following has ended: ${log.join(', ')}`)
      if (value.kind === 'failed') throw value.error
      log.push(inWords(value))
      if (log.at(-1) === until) return
    }
  }
  const count = async () => log.push(`the guest has ${(await domain.hostdevs()).length}`)

  await act('follow', () => {}, 'waiting for device')
  await act('plug', hands.plug, 'attached')
  await count()
  await act('unplug', hands.unplug, 'waiting for device')
  await count()
  await act('plug', hands.plug, 'attached')
  await act(
    'replug',
    async () => {
      await hands.unplug()
      await hands.plug()
    },
    'attached',
  )
  await count()
  await act('take it by hand', async () => domain.detachHostdev(await theOne()), 'detached: taken')
  await count()
  await act('unplug', hands.unplug, 'waiting for device')
  await act('plug', hands.plug, 'attached')
  await act('stop the guest', hands.stop, 'waiting for guest')
  await act('start the guest', hands.start, 'attached')
  await count()
  await following[Symbol.asyncDispose]()
  log.push('— end')
  await count()
  return log

  async function theOne() {
    const [def] = await domain.hostdevs()
    if (!def) throw new Error('the guest has no device')
    return def
  }
}

/** What comes out of it. */
export const followLog: readonly string[] = [
  '— follow',
  'waiting for device',
  '— plug',
  'attached',
  'the guest has 1',
  '— unplug',
  'detached: unplugged',
  'waiting for device',
  'the guest has 0',
  '— plug',
  'attached',
  '— replug',
  'detached: unplugged',
  'attached',
  'the guest has 1',
  '— take it by hand',
  'detached: taken',
  'the guest has 0',
  '— unplug',
  'waiting for device',
  '— plug',
  'attached',
  '— stop the guest',
  'waiting for guest',
  '— start the guest',
  'attached',
  'the guest has 1',
  '— end',
  'the guest has 0',
]
