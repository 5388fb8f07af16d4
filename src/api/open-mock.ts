import type { Backend } from '../backend.js'
import { mock } from '../backends/mock/mock.js'
import { VirtError } from '../errors.js'
import type { ConnectionUri } from '../model/uri.js'
import { readXmlFolder } from '../os/xml-folder.js'

/** Opens `mock:///path/to/folder`: a mock host whose devices are the `.xml` files of that folder. */
export async function openMock(uri: ConnectionUri): Promise<Backend> {
  if (uri.path === '' || uri.path === '/')
    throw new VirtError(
      'invalid-argument',
      `${uri.text} names no host; write mock:///path/to/folder for a folder of XML files, or call mock({ devices })`,
    )
  return await mock({ devices: await readXmlFolder(uri.path), uri: uri.text })
}
