import type { MemoryFile } from '../../src/os/host-files-memory.js'

const block = 512

/** The files of a tar archive, GNU's form with long names included, by their absolute paths. */
export function* untar(archive: Buffer): Generator<[path: string, file: MemoryFile]> {
  const long: { name?: string; target?: string } = {}
  for (let at = 0; at + block <= archive.length; ) {
    const header = archive.subarray(at, at + block)
    const field = (from: number, length: number) => textOf(header.subarray(from, from + length))
    const name = long.name ?? field(0, 100)
    if (name === '') return
    const type = field(156, 1)
    const size = Number.parseInt(field(124, 12), 8)
    const content = archive.subarray(at + block, at + block + size)
    const path = name.replace(/^\.?\/?/, '/').replace(/(.)\/$/, '$1')
    at += block + Math.ceil(size / block) * block

    if (type === 'L') long.name = textOf(content)
    else if (type === 'K') long.target = textOf(content)
    else {
      if (type === '2') yield [path, { link: long.target ?? field(157, 100) }]
      else if (path !== '/') yield [path, type === '5' ? { kind: 'directory' } : content]
      delete long.name
      delete long.target
    }
  }
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}
