import { deadline, delay } from '../../async/deadline.js'
import type { CallOptions } from '../../backend.js'
import { errorDomains, VirtError } from '../../errors.js'
import type { XenstoreClient } from '../../wire/xenstore/client.js'
import type { StoreView } from '../../wire/xenstore/view.js'

/** How far the two ends of a device have come with each other (`enum xenbus_state`, xen/include/public/io/xenbus.h). */
export const xenbus = { initialising: 1, initWait: 2, initialised: 3, connected: 4, closing: 5, closed: 6 } as const

/**
 * Waits until the state in a folder is one of those wanted; that it is gone counts as closed.
 *
 * @throws VirtError `timeout`, telling the state that it stays in
 */
export async function waitForState(
  store: XenstoreClient,
  folder: string,
  wanted: readonly number[],
  { signal, timeout }: CallOptions & { timeout: number },
): Promise<void> {
  let last: string | undefined
  const late = (limit: number) =>
    new VirtError(
      'timeout',
      `${folder} stays in state ${last ?? 'unknown'} for ${limit} ms; does the driver of this backend run?`,
      { path: folder, errorDomain: errorDomains.xen },
    )
  await using changes = await store.watch(`${folder}/state`, { signal })
  await deadline({ signal, timeout }, late, async () => {
    for await (const _ of changes) {
      last = await store.read(`${folder}/state`)
      if (wanted.includes(last === undefined ? xenbus.closed : Number(last))) return
    }
  })
}

/** Whether something that nobody tells of comes true in time. */
export async function isSoon(
  { patience }: { readonly patience: number },
  isSo: () => boolean | Promise<boolean>,
): Promise<boolean> {
  for (const end = performance.now() + patience; !(await isSo()); await delay(20))
    if (performance.now() > end) return false
  return true
}

/** Removes a node, and those above it that hold nothing else then (`libxl__xs_path_cleanup`). */
export async function removeWithEmptyParents(view: StoreView, path: string): Promise<void> {
  await view.remove(path)
  for (let parent = above(path); parent !== ''; parent = above(parent)) {
    const [value, children] = await Promise.all([view.read(parent), view.directory(parent)])
    if (value === undefined) continue
    if (value !== '' || children?.length !== 0) return
    await view.remove(parent)
  }
}

const above = (path: string): string => path.slice(0, path.lastIndexOf('/'))
