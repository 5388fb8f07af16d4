import type { XenstoreClient } from '../../wire/xenstore/client.js'
import { isErrno } from '../../wire/xenstore/store-error.js'

const prefix = 'hostdev-'

/** How often a change is planned anew when others change the same guest at the same time. */
const attempts = 10

/**
 * Runs a change that marks its transaction by a node of its own, and takes the mark away afterwards. What was planned
 * from a state that others have changed meanwhile is planned anew.
 */
export async function marked<T>(store: XenstoreClient, change: (mark: string) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const mark = `/tool/${prefix}${crypto.randomUUID()}`
    try {
      return await change(mark)
    } catch (error) {
      if (!isErrno(error, 'EAGAIN') || attempt === attempts) throw error
    } finally {
      await store.remove(mark)
    }
  }
}

/** Takes away the marks of changes that were killed; none may be under way. */
export async function removeMarks(store: XenstoreClient): Promise<void> {
  const names = ((await store.directory('/tool')) ?? []).filter((name) => name.startsWith(prefix))
  await Promise.all(names.map((name) => store.remove(`/tool/${name}`)))
}
