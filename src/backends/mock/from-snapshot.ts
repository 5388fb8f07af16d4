import { type Backend, backend, optionalDeviceCalls } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { LinuxHost } from '../../host/linux-host.js'
import { readingCalls } from '../../host/reading-calls.js'
import { openSnapshot } from '../../host/snapshot.js'

/** Text that a snapshot may hold once it is decompressed, in bytes: twenty times that of a host of 800 devices. */
const largest = 16_000_000

/** The first byte of JSON, which brotli does not begin with. */
const brace = '{'.charCodeAt(0)

/** What a recorded host has not; it is only read. */
const absent = optionalDeviceCalls.filter((call) => call !== 'state' && call !== 'lookupByKey')

/**
 * A recorded host, read by the same code that reads a real one: a bug report that is a file. It cannot be changed.
 *
 * @param bytes what `hostdev snapshot` wrote, compressed or not
 * @throws VirtError `invalid-argument` for what is no snapshot, `limit-exceeded` for one that is too large
 */
export async function fromSnapshot(bytes: Uint8Array, { uri = 'mock:///' } = {}): Promise<Backend> {
  const plain = bytes[0] === brace
  if (plain && bytes.length > largest)
    throw new VirtError('limit-exceeded', `the snapshot has more than ${largest} bytes; it is refused`)
  const text = plain
    ? new TextDecoder().decode(bytes)
    : await (await import('../../os/brotli.js')).decompress(bytes, largest)
  const host = new LinuxHost(openSnapshot(text))
  return backend({
    name: 'mock',
    uri,
    lacks: Object.fromEntries(absent.map((call) => [`devices.${call}`, 'a recorded host cannot be changed'])),
    devices: readingCalls(host),
    async [Symbol.asyncDispose]() {},
  })
}
