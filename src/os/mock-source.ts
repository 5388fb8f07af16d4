import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { VirtError } from '../errors.js'

/** No device document and no snapshot is near that large, in bytes. */
const largest = 32_000_000

/** What a mock host can be made of: the text of `.xml` files, or the bytes of a snapshot. */
export type MockSource = { readonly documents: string[] } | { readonly snapshot: Uint8Array }

/**
 * Reads a folder of `.xml` files, in the order of their names, or a snapshot file.
 *
 * @throws VirtError `no-connection` when it cannot be read, `limit-exceeded` for a file that is far too large
 */
export async function readMockSource(path: string): Promise<MockSource> {
  try {
    if (!(await stat(path)).isDirectory()) return { snapshot: await readWhole(path) }
    const names = (await readdir(path)).filter((name) => name.endsWith('.xml')).sort()
    const files = await Promise.all(names.map((name) => readWhole(join(path, name))))
    return { documents: files.map((bytes) => bytes.toString('utf8')) }
  } catch (cause) {
    if (VirtError.is(cause)) throw cause
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new VirtError(
      'no-connection',
      `${path} cannot be read (${errno}); name a folder of XML files, or a file that hostdev snapshot wrote`,
      { path, errno, cause },
    )
  }
}

async function readWhole(path: string): Promise<Buffer> {
  const file = await stat(path)
  if (!file.isFile()) throw new VirtError('invalid-argument', `${path} is no file`, { path })
  if (file.size > largest)
    throw new VirtError('limit-exceeded', `${path} is larger than ${largest} bytes; it is no mock host`, { path })
  return await readFile(path)
}
