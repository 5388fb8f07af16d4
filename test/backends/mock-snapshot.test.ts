import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { bundle } from '../../scripts/bundle.mjs'
import { takeSnapshot } from '../../src/host/snapshot.js'
import { type Connection, connect, nodeDevice, VirtError } from '../../src/index.js'
import { linux, MemoryFiles, type MemoryTree } from '../../src/linux.js'
import { fromSnapshot } from '../../src/mock.js'
import { compress } from '../../src/os/brotli.js'
import { abilityContract } from '../contract/abilities.js'
import { nodeDeviceContract } from '../contract/node-devices.js'

const config = new Uint8Array(64).fill(0)
config.set([0x86, 0x80, 0xc9, 0x10], 0)

/** A host of our own making: a network card with an interface, and a dongle with a hostile name. */
const tree: MemoryTree = {
  '/sys/devices/pci0000:00/0000:00:02.0/class': '0x020000\n',
  '/sys/devices/pci0000:00/0000:00:02.0/vendor': '0x8086\n',
  '/sys/devices/pci0000:00/0000:00:02.0/device': '0x10c9\n',
  '/sys/devices/pci0000:00/0000:00:02.0/config': { content: config, size: 4096 },
  '/sys/devices/pci0000:00/0000:00:02.0/driver': { link: '../../../bus/pci/drivers/igb' },
  '/sys/devices/pci0000:00/0000:00:02.0/subsystem': { link: '../../../bus/pci' },
  '/sys/devices/pci0000:00/0000:00:02.0/net/eth0/address': '52:54:00:12:34:56\n',
  '/sys/devices/pci0000:00/0000:00:02.0/net/eth0/operstate': 'up\n',
  '/sys/devices/pci0000:00/0000:00:02.0/net/eth0/speed': { errno: 'EINVAL', mode: 0o444 },
  '/sys/devices/pci0000:00/0000:00:02.0/net/eth0/uevent': 'INTERFACE=eth0\nIFINDEX=2\n',
  '/sys/devices/pci0000:00/0000:00:02.0/net/eth0/subsystem': { link: '../../../../../class/net' },
  '/sys/bus/pci/devices/0000:00:02.0': { link: '../../../devices/pci0000:00/0000:00:02.0' },
  '/sys/class/net/eth0': { link: '../../devices/pci0000:00/0000:00:02.0/net/eth0' },
  '/sys/devices/usb1/1-1/uevent': 'DEVTYPE=usb_device\nDEVNAME=bus/usb/001/002\nBUSNUM=001\nDEVNUM=002\n',
  '/sys/devices/usb1/1-1/busnum': '1\n',
  '/sys/devices/usb1/1-1/devnum': '2\n',
  '/sys/devices/usb1/1-1/idVendor': 'fffe\n',
  '/sys/devices/usb1/1-1/idProduct': '6001\n',
  '/sys/devices/usb1/1-1/serial': 'SECRET42\n',
  '/sys/devices/usb1/1-1/product': '"; <rm> $(x)\n',
  '/sys/devices/usb1/1-1/subsystem': { link: '../../../bus/usb' },
  '/sys/bus/usb/devices/1-1': { link: '../../../devices/usb1/1-1' },
  '/usr/share/misc/pci.ids': '8086  Intel Corporation\n\t10c9  82576 Gigabit\n\t10ca  Other\nffff  Nobody\n',
}

const dump = async (conn: Connection): Promise<string[]> => {
  const xml: string[] = []
  for await (const def of conn.nodeDeviceDefs()) xml.push(nodeDevice.format(def))
  return xml.sort()
}
const replay = (text: string) => connect(fromSnapshot(new TextEncoder().encode(text)))

nodeDeviceContract('a recorded host', {
  open: async (options) => connect(fromSnapshot(await compress(await takeSnapshot(new MemoryFiles(tree)))), options),
})

abilityContract('a recorded host', {
  open: async () => fromSnapshot(await compress(await takeSnapshot(new MemoryFiles(tree)))),
})

describe('a snapshot', () => {
  it('replays to the same XML as the host it was taken of', async () => {
    const live = await dump(await connect(linux({ files: new MemoryFiles(tree) })))
    expect(live.join('')).toMatch(/82576 Gigabit[\s\S]*&lt;rm&gt;/)
    expect(await dump(await replay(await takeSnapshot(new MemoryFiles(tree))))).toEqual(live)
  })

  it('holds only the names that its devices need', async () => {
    expect(await takeSnapshot(new MemoryFiles(tree))).not.toMatch(/Nobody|Other/)
  })

  it('says nothing of who the host is when it is scrubbed, and still has its devices', async () => {
    const text = await takeSnapshot(new MemoryFiles(tree), { scrub: true })
    expect(text).not.toMatch(/12:34:56|SECRET42/)
    const names = (await (await replay(text)).listNodeDevices()).map(({ name }) => name)
    expect(names).toHaveLength(4)
    expect(names[1]).toMatch(/^net_eth0_52(_[\da-f]{2}){5}$/)
  })

  it('refuses changes with the reason', async () => {
    const conn = await replay(await takeSnapshot(new MemoryFiles(tree)))
    await expect((await conn.lookupNodeDevice('usb_1_1')).reset()).rejects.toThrow(/a recorded host cannot be changed/)
  })
})

describe('fromSnapshot', () => {
  const snapshot = (files: unknown, rest = {}) =>
    JSON.stringify({ format: 'hostdev-snapshot', version: 1, commands: [], files, ...rest })
  const refusal = async (bytes: Uint8Array | string) => {
    const error: unknown = await fromSnapshot(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    return VirtError.is(error) ? error.code : error
  }

  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['another JSON', '{}'],
    ['cut off', snapshot([['/sys/a', 'x']]).slice(0, -5)],
    ['a later version', snapshot([], { version: 2 })],
    ['no list', snapshot({})],
    ['a broken entry', snapshot([['/sys/a']])],
    ['a relative path', snapshot([['sys/a', '']])],
    ['a path that climbs', snapshot([['/sys/../etc/passwd', '']])],
    ['a NUL in a path', snapshot([['/sys/\0', '']])],
    ['broken base64', snapshot([['/sys/a', { base64: '*' }]])],
    ['a file that is none', snapshot([['/sys/a', { kind: 'socket' }]])],
    ['null', snapshot([['/sys/a', null]])],
  ])('refuses %s', async (_, text) => {
    expect(await refusal(text)).toBe('invalid-argument')
  })

  it.each([
    ['a number', '42'],
    ['another format', snapshot([], { format: 'else' })],
    ['commands that are none', snapshot([], { commands: 'rm -rf /' })],
    ['a path without an end', snapshot([['/sys/', '']])],
    ['a path with a dot', snapshot([['/sys/./a', '']])],
    ['an absolute path twice over', snapshot([['//etc/passwd', '']])],
    ['a Windows path', snapshot([['C:\\\\a', '']])],
    ['sizes that are none', snapshot([['/sys/a', { content: 'x', size: 'much' }]])],
    ['an errno that is none', snapshot([['/sys/a', { errno: '../x' }]])],
    ['depth without end', `{"a":${'['.repeat(200_000)}`],
  ])('refuses what was edited: %s', async (_, text) => {
    expect(await refusal(text)).toBe('invalid-argument')
  })

  it('refuses every file that was cut off or has a byte changed, or reads it as it is', async () => {
    const bytes = await compress(await takeSnapshot(new MemoryFiles(tree)))
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x40
      for (const file of [bytes.subarray(0, at), changed]) {
        const code = await refusal(file)
        expect(['invalid-argument', 'limit-exceeded', undefined], `byte ${at}`).toContain(code)
      }
    }
  })

  const bomb = (bytes: Uint8Array) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
  const bombs: readonly (readonly [string, () => Uint8Array])[] = [
    ['sixty megabytes of spaces', () => bomb(Buffer.alloc(60_000_000, ' '))],
    [
      'fifteen of objects',
      () => bomb(Buffer.from(`{"format":"hostdev-snapshot","files":[${'{},'.repeat(5_000_000)}1]}`)),
    ],
    ['fifteen of brackets', () => bomb(Buffer.alloc(15_000_000, '['))],
    ['forty that are not compressed', () => Buffer.alloc(40_000_000, '{')],
  ]
  it.each(bombs)('refuses a bomb: %s', async (_, make) => {
    expect(await refusal(make())).toBe('limit-exceeded')
  })

  it('takes no more than 200 MB for a bomb', async () => {
    const { url } = await bundle('test/fakes/snapshot-reader.ts', '.cache/test/snapshot-reader.mjs')
    for (const [what, make] of bombs) {
      const input = make()
      const { stdout } = spawnSync(process.execPath, [fileURLToPath(url)], { input, encoding: 'utf8' })
      const { code, megabytes } = JSON.parse(stdout) as { code: string; megabytes: number }
      expect([what, code]).toEqual([what, 'limit-exceeded'])
      expect(megabytes, what).toBeLessThan(200)
    }
  })

  it('refuses a file that was cut off', async () => {
    const bytes = await compress(snapshot([['/sys/a', 'x'.repeat(1000)]]))
    expect(await refusal(bytes.subarray(0, bytes.length - 4))).toBe('invalid-argument')
  })

  it('lives with links that climb out of the host, and never follows them to this machine', async () => {
    const climbing = snapshot([
      ['/sys/class/net/eth0', { link: '../../../../../../../../etc' }],
      ['/sys/class/net/eth1', { link: '/proc/self' }],
      ['/sys/bus/usb/devices/1-1', { link: '..' }],
    ])
    const conn = await replay(climbing)
    for await (const def of conn.nodeDeviceDefs()) expect(JSON.stringify(def)).not.toMatch(/passwd|root:/)
  })

  it('lives with links that go round', async () => {
    const round = snapshot([
      ['/sys/bus/pci/devices/0000:00:02.0', { link: '0000:00:03.0' }],
      ['/sys/bus/pci/devices/0000:00:03.0', { link: '0000:00:02.0' }],
    ])
    expect((await (await replay(round)).listNodeDevices()).length).toBeGreaterThan(0)
  })
})
