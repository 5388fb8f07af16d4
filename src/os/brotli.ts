import { promisify } from 'node:util'
import { brotliCompress, brotliDecompress, constants } from 'node:zlib'
import { VirtError } from '../errors.js'

/** Compresses text (RFC 7932). */
export async function compress(text: string): Promise<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8')
  return await promisify(brotliCompress)(bytes, {
    params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_LGWIN]: 24 },
  })
}

/**
 * The text that {@link compress} was given.
 *
 * @throws VirtError `invalid-argument` for bytes that are not brotli, `limit-exceeded` for more
 * than `max` bytes of text
 */
export async function decompress(bytes: Uint8Array, max: number): Promise<string> {
  try {
    return (await promisify(brotliDecompress)(bytes, { maxOutputLength: max })).toString('utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new VirtError('limit-exceeded', `the compressed file holds more than ${max} bytes; it is refused`, {
        cause,
      })
    throw new VirtError('invalid-argument', 'the file is not brotli, or is damaged; make it anew', { cause })
  }
}
