import type { Backend } from '../backend.js'
import { fromSnapshot } from '../backends/mock/from-snapshot.js'
import { hosts } from '../backends/mock/hosts/hosts.js'
import { mock } from '../backends/mock/mock.js'
import { VirtError } from '../errors.js'
import type { ConnectionUri } from '../model/uri.js'
import { readMockSource } from '../os/mock-source.js'

/**
 * Opens `mock:///server`, a ready host by its name, `mock:///path/to/folder`, whose devices are the `.xml` files of
 * the folder, or `mock:///path/to/file`, a host that `hostdev snapshot` recorded.
 */
export async function openMock(uri: ConnectionUri): Promise<Backend> {
  const name = uri.path.slice(1)
  if (Object.hasOwn(hosts, name)) return await mock(hosts[name as keyof typeof hosts]())
  if (name === '')
    throw new VirtError(
      'invalid-argument',
      `${uri.text} names no host; write mock:///path/to/folder-or-snapshot, or one of ${Object.keys(hosts)
        .map((each) => `mock:///${each}`)
        .join(', ')}`,
    )
  const source = await readMockSource(uri.path)
  return 'snapshot' in source
    ? await fromSnapshot(source.snapshot, { uri: uri.text })
    : await mock({ devices: source.documents, uri: uri.text })
}
