import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Denied, type HostFiles } from '../../src/os/host-files.js'
import { type MemoryFile, MemoryFiles } from '../../src/os/host-files-memory.js'
import { realFiles } from '../../src/os/host-files-real.js'

const tree: Readonly<Record<string, MemoryFile>> = {
  '/sys/devices/pci0000:00/0000:00:02.0/vendor': '0x8086\n',
  '/sys/devices/pci0000:00/0000:00:02.0/config': Uint8Array.from({ length: 256 }, (_, index) => index),
  '/sys/devices/pci0000:00/0000:00:02.0/net': { kind: 'directory' },
  '/sys/bus/pci/devices/0000:00:02.0': { link: '../../../devices/pci0000:00/0000:00:02.0' },
  '/sys/class/absolute': { link: '/sys/bus/pci' },
  '/sys/class/absolute-here': { link: '/usr/share/misc/hostdev' },
  '/usr/share/misc/hostdev/value': 'here\n',
  '/sys/class/outside': { link: '../../../../../../../../etc' },
  '/sys/class/absolute-outside': { link: '/etc/passwd' },
  '/sys/class/self': { link: 'self' },
  '/usr/share/misc/large': 'x'.repeat(100_000),
}

const folder = mkdtempSync(join(tmpdir(), 'hostdev-files-'))
afterAll(() => rmSync(folder, { recursive: true }))
for (const [path, file] of Object.entries(tree)) {
  const at = folder + path
  mkdirSync(dirname(at), { recursive: true })
  if (typeof file === 'string' || file instanceof Uint8Array) writeFileSync(at, file)
  else if ('link' in file) symlinkSync(file.link, at)
  else mkdirSync(at)
}

const text = (answer: Uint8Array | Denied) =>
  answer instanceof Denied ? answer.errno : new TextDecoder().decode(answer)
const errno = (answer: unknown) => (answer instanceof Denied ? answer.errno : answer)

describe.each<[string, HostFiles]>([
  ['files of a folder', realFiles({ root: folder })],
  ['files in memory', new MemoryFiles(tree)],
])('%s', (_, files) => {
  it('list a folder, also through a link', () => {
    const names = files.list('/sys/bus/pci/devices/0000:00:02.0')
    expect(names instanceof Denied ? names : names.sort()).toEqual(['config', 'net', 'vendor'])
  })

  it('read a file, also through links', () => {
    expect(text(files.bytes('/sys/class/absolute/devices/0000:00:02.0/vendor'))).toBe('0x8086\n')
    expect(text(files.bytes('/sys/class/absolute-here/value'))).toBe('here\n')
  })

  it('read no more than is asked for, from where it is asked', () => {
    const config = '/sys/devices/pci0000:00/0000:00:02.0/config'
    expect([...(files.bytes(config, 3, 0x34) as Uint8Array)]).toEqual([0x34, 0x35, 0x36])
    expect(files.bytes(config, 64, 1000)).toHaveLength(0)
  })

  it('read files larger than a page when that is asked for', async () => {
    expect(files.bytes('/usr/share/misc/large')).toHaveLength(4096)
    expect(files.bytes('/usr/share/misc/large', 1_000_000)).toHaveLength(100_000)
    expect(await files.bytesLater('/usr/share/misc/large', 50_000)).toHaveLength(50_000)
  })

  it('tell where a link leads and where a path really is', () => {
    expect(files.link('/sys/bus/pci/devices/0000:00:02.0')).toBe('../../../devices/pci0000:00/0000:00:02.0')
    expect(files.real('/sys/class/absolute/devices/0000:00:02.0/vendor')).toBe(
      '/sys/devices/pci0000:00/0000:00:02.0/vendor',
    )
  })

  it('say what a path leads to, and a link itself', () => {
    expect(files.stat('/sys/bus/pci/devices/0000:00:02.0')).toMatchObject({ kind: 'link' })
    expect(files.stat('/sys/bus/pci/devices/0000:00:02.0/config')).toMatchObject({ kind: 'file', size: 256 })
    expect(files.stat('/sys/bus/pci/devices')).toMatchObject({ kind: 'directory' })
  })

  it('know one inode from another, and the same one again', () => {
    const inode = (path: string) => (files.stat(path) as { inode: number }).inode
    expect(inode('/sys/class/absolute/devices')).toBe(inode('/sys/bus/pci/devices'))
    expect(inode('/sys/class')).not.toBe(inode('/sys/bus'))
  })

  it.each([
    ['what is not there', '/sys/nothing', 'ENOENT'],
    ['what is below a file', '/usr/share/misc/large/x', 'ENOTDIR'],
    ['a folder', '/sys/bus', 'EISDIR'],
    ['a link to itself', '/sys/class/self', 'ELOOP'],
  ])('answer the errno for reading %s', (_, path, expected) => {
    expect(errno(files.bytes(path))).toBe(expected)
  })

  it('answer the errno for what is no link and no folder', () => {
    expect(errno(files.link('/sys/bus'))).toBe('EINVAL')
    expect(errno(files.list('/usr/share/misc/large'))).toBe('ENOTDIR')
    expect(errno(files.list('/sys/nothing'))).toBe('ENOENT')
    expect(errno(files.stat('/sys/nothing/x'))).toBe('ENOENT')
  })

  it('answer the errno also when reading later', async () => {
    expect(errno(await files.bytesLater('/sys/nothing', 10))).toBe('ENOENT')
  })

  it('reject a reading that was given up with the reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(files.bytesLater('/usr/share/misc/large', 10, { signal })).rejects.toThrow('enough')
  })

  it.each([
    ['/sys/class/outside/passwd'],
    ['/sys/class/absolute-outside'],
    ['/../../../../../../../../etc/passwd'],
    ['/sys/../../../../../../../../etc/passwd'],
  ])('do not lead out of the root: %s', (path) => {
    expect(errno(files.bytes(path))).toBe('ENOENT')
  })

  it('take no path with a NUL for another', () => {
    expect(errno(files.bytes('/usr/share/misc/large\0'))).toBe('ENOENT')
  })
})

describe('files in memory', () => {
  it('deny what is there but cannot be read', () => {
    const files = new MemoryFiles({ '/sys/secret': { errno: 'EACCES', mode: 0o200 } })
    expect([errno(files.bytes('/sys/secret')), files.stat('/sys/secret')]).toMatchObject(['EACCES', { mode: 0o200 }])
  })

  it('change while they are read', () => {
    const files = new MemoryFiles({ '/sys/a/b': '1' })
    const before = files.stat('/sys/a')
    files.delete('/sys/a')
    expect(errno(files.bytes('/sys/a/b'))).toBe('ENOENT')
    files.set('/sys/a/b', '2')
    expect(text(files.bytes('/sys/a/b'))).toBe('2')
    expect(files.stat('/sys/a')).not.toEqual(before)
  })

  it('have device nodes', () => {
    expect(new MemoryFiles({ '/dev/vda': { kind: 'block' } }).stat('/dev/vda')).toMatchObject({ kind: 'block' })
  })
})

describe('files of the machine', () => {
  it('are those of the root', () => {
    expect(errno(realFiles().list('/'))).toContain('proc')
  })

  it('cannot be had of a root that is no folder', () => {
    expect(() => realFiles({ root: join(folder, 'nothing') })).toThrow('cannot be read (ENOENT)')
    expect(() => realFiles({ root: join(folder, 'usr/share/misc/large') })).toThrow('is no folder')
  })
})
