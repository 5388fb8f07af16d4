import type { Backend, CallOptions } from '../backend.js'
import { checkVia } from '../backends/xen/via.js'
import { xen } from '../backends/xen/xen.js'
import type { ConnectionUri } from '../model/uri.js'

/** Opens `xen+xenstore:///SOCKET?configs=FOLDER&via=POLICY`. */
export async function openXen({ text, path, query }: ConnectionUri, { signal }: CallOptions): Promise<Backend> {
  return await xen({
    uri: text,
    ...(path.length > 1 && { store: path }),
    ...(query.configs && { configs: query.configs }),
    ...(query.via && { via: checkVia(query.via) }),
    ...(signal && { signal }),
  })
}
