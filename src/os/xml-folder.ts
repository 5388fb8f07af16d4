import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { VirtError } from '../errors.js'

/** No `<device>` document is near that large. */
const largest = 10_000_000

/**
 * The text of every `.xml` file in a folder, in the order of their names.
 *
 * @throws VirtError `no-connection` when the folder cannot be read
 */
export async function readXmlFolder(folder: string): Promise<string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.xml')).sort()
    return await Promise.all(names.map((name) => readText(join(folder, name))))
  } catch (cause) {
    if (VirtError.is(cause)) throw cause
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new VirtError('no-connection', `the folder ${folder} cannot be read (${errno}); name a folder of XML files`, {
      path: folder,
      errno,
      cause,
    })
  }
}

async function readText(path: string): Promise<string> {
  if ((await stat(path)).size > largest)
    throw new VirtError('limit-exceeded', `${path} is larger than ${largest} bytes; it is no device document`, { path })
  return await readFile(path, 'utf8')
}
