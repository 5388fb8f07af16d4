// Unit-test code that takes a device back from a guest that answers late, with vitest and its fake timers.

import { connect, type Domain, VirtError } from 'hostdev'
import { hosts, mock } from 'hostdev/mock'
import { afterEach, expect, test, vi } from 'vitest'

/** The code under test: takes everything back, and says what the guest would not let go of in time. */
async function emptyGuest(guest: Domain): Promise<string[]> {
  const stuck: string[] = []
  for (const def of await guest.hostdevs())
    try {
      await guest.detachHostdev(def)
    } catch (error) {
      if (!VirtError.is(error, 'timeout')) throw error
      stuck.push(error.message)
    }
  return stuck
}

afterEach(() => void vi.useRealTimers())

test('a guest that is busy for a minute keeps its dongle', async () => {
  vi.useFakeTimers()
  const host = await mock(hosts.server())
  const guest = await (await connect(host)).lookupDomain('web')
  await guest.attachHostdev({ port: '1-2' })
  host.stage.answerLate('web', 60_000)

  const stuck = emptyGuest(guest)
  await vi.advanceTimersByTimeAsync(5_000) // as long as libvirt would wait
  expect(await stuck).toEqual([expect.stringMatching(/^the guest web has not let go of USB device 1:3/)])

  await vi.advanceTimersByTimeAsync(55_000)
  expect(await guest.hostdevs()).toEqual([])
})
