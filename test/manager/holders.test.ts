import { describe, expect, it } from 'vitest'
import { readHolders } from '../../src/manager/holders.js'
import { MemoryFiles } from '../../src/os/host-files-memory.js'

const files = (argv: string[], comm: string) =>
  new MemoryFiles([
    ['/proc/self', { link: '77' }],
    ['/proc/77/cmdline', `${argv.join('\0')}\0`],
    ['/proc/77/comm', `${comm}\n`],
    ['/proc/77/fd/0', { link: '/dev/null' }],
    ['/proc/77/fd/1', { link: 'socket:[1]' }],
    ['/proc/77/fd/2', { link: '/dev/vfio/vfio' }],
    ['/proc/77/fd/3', { link: '/dev/vfio/26' }],
    ['/proc/77/fd/4', { link: '/dev/vfio/26' }],
    ['/proc/78/comm', 'secret\n'],
  ])

describe('readHolders', () => {
  it.each([
    ['libvirt’s form of the name', ['-name', 'guest=g,debug-threads=on'], 'g'],
    ['the short form', ['-S', '-name', 'my guest'], 'my guest'],
    ['the name after other options', ['-name', 'debug-threads=on,guest=g'], 'g'],
    ['no name', ['-S'], undefined],
  ])('tells the guest of a QEMU: %s', async (_what, args, domain) => {
    const found = await readHolders(files(['/usr/bin/qemu-system-x86_64', ...args], 'qemu-system-x86'))
    expect([...found]).toEqual([
      ['/dev/vfio/26', [{ pid: 77, program: 'qemu-system-x86', ...(domain !== undefined && { domain }) }]],
    ])
  })

  it('tells the program of any other', async () => {
    const found = await readHolders(files(['/usr/bin/testpmd', '-name', 'x'], 'testpmd'))
    expect(found.get('/dev/vfio/26')).toEqual([{ pid: 77, program: 'testpmd' }])
  })

  it('ends with the reason of an aborted signal', async () => {
    const many = new MemoryFiles(
      Array.from({ length: 20_000 }, (_, pid) => [`/proc/${pid}/fd/0`, { link: '/dev/sg0' }] as const),
    )
    await expect(readHolders(many, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
  })
})
