import { VirtError } from '../../errors.js'
import { waitForState, xenbus } from './device-state.js'
import { guestStates } from './guests.js'
import type { StoredController } from './usb-store.js'
import type { XenHost } from './xen-host.js'

type Edges = Pick<XenHost, 'store' | 'run' | 'patience'>

/** Milliseconds that QEMU has to close a controller whose guest stands still (LIBXL_QEMU_BODGE_TIMEOUT). */
const idlePatience = 2000

/**
 * Waits until a backend has closed. When it is late its guest's end is taken away, and it has as long again (libxl's
 * force). QEMU waits for the guest, so of one that stands still the state is set for it.
 */
export async function controllerClosed(
  edges: Edges,
  { domain, index, type }: StoredController,
  backend: string,
): Promise<void> {
  const { store, patience } = edges
  const isIdle = type === 'qusb' && (await standsStill(edges, domain))
  const isClosed = async (timeout: number): Promise<boolean> => {
    try {
      await waitForState(store, backend, [xenbus.closed], { timeout })
      return true
    } catch (error) {
      if (VirtError.is(error, 'timeout')) return false
      throw error
    }
  }
  if (await isClosed(isIdle ? Math.min(idlePatience, patience) : patience)) return
  if (isIdle) await store.write(`${backend}/state`, String(xenbus.closed))
  else {
    await store.remove(`/local/domain/${domain}/device/vusb/${index}`)
    // one that is late again cannot hold on to what is taken away now
    await isClosed(patience)
  }
}

/** Whether a guest is paused, or has ended; nobody knows where there is no xl. */
async function standsStill({ run }: Edges, domain: number): Promise<boolean> {
  const state = (await guestStates(run))?.get(domain)
  return state === 'paused' || state === 'shutdown' || state === 'crashed'
}
