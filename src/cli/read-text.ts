import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { VirtError } from '../index.js'

/** Text of a file; that of standard input for `-`. @throws VirtError `system` with the errno */
export async function readText(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const { code: errno = 'EIO' } = cause as NodeJS.ErrnoException
    throw new VirtError('system', `${file} cannot be read (${errno})`, { path: file, errno, cause })
  }
}
