import type { XenstoreClient } from '../../src/wire/xenstore/client.js'

/** All that xenstore holds, a line `path | value | permissions` for each node, sorted. */
export async function storeTree(store: XenstoreClient, top = ''): Promise<string[]> {
  const children = (await store.directory(top === '' ? '/' : top)) ?? []
  const below = await Promise.all(
    children.map(async (name) => {
      const path = `${top}/${name}`
      const [value, permissions, rows] = await Promise.all([
        store.read(path),
        store.permissions(path),
        storeTree(store, path),
      ])
      return [`${path} | ${value} | ${permissions?.join(',')}`, ...rows]
    }),
  )
  return below.flat().sort()
}
