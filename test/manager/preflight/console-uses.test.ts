import { describe, expect, it } from 'vitest'
import { consoleUses } from '../../../src/manager/preflight/console-uses.js'
import { type MemoryFile, MemoryFiles } from '../../../src/os/host-files-memory.js'

type Files = [string, MemoryFile][]

const gpu = '/sys/devices/pci0000:00/0000:00:02.0'
const hid = '/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/input/input5'

const input = (name: string, key: string): Files => [
  ['/sys/class/input/input5', { link: hid }],
  [`${hid}/name`, `${name}\n`],
  [`${hid}/capabilities/key`, `${key}\n`],
]
const uses = (files: Files) =>
  consoleUses(new MemoryFiles(files)).map(({ path, finding }) => [path, finding.code, finding.message])

describe('consoleUses', () => {
  it('finds a serial console', () => {
    const uart = '/sys/devices/pci0000:00/0000:00:16.3/tty/ttyS4'
    expect(
      uses([
        ['/sys/class/tty/console/active', 'ttyS4\n'],
        [`${uart}/dev`, '4:68\n'],
        ['/sys/class/tty/ttyS4', { link: uart }],
      ]),
    ).toEqual([[uart, 'console', 'has ttyS4, a console of the kernel']])
  })

  it('finds the graphics card that shows the virtual consoles, while it does', () => {
    const files = (bind: string): Files => [
      ['/sys/class/tty/console/active', 'tty0\n'],
      ['/sys/class/vtconsole/vtcon0/name', '(S) dummy device\n'],
      ['/sys/class/vtconsole/vtcon0/bind', '0\n'],
      ['/sys/class/vtconsole/vtcon1/name', '(M) frame buffer device\n'],
      ['/sys/class/vtconsole/vtcon1/bind', bind],
      [`${gpu}/graphics/fb0/name`, 'i915drmfb\n'],
      ['/sys/class/graphics/fb0', { link: `${gpu}/graphics/fb0` }],
    ]
    expect(uses(files('1\n'))).toEqual([[`${gpu}/graphics/fb0`, 'console', 'shows the virtual console tty0']])
    expect(uses(files('0\n'))).toEqual([])
  })

  it('finds connectors with a monitor that is switched on', () => {
    const connector = (name: string, enabled: string): Files => [
      [`${gpu}/drm/card0/card0-${name}/enabled`, `${enabled}\n`],
      [`/sys/class/drm/card0-${name}`, { link: `${gpu}/drm/card0/card0-${name}` }],
    ]
    expect(uses([...connector('HDMI-A-1', 'enabled'), ...connector('DP-1', 'disabled')])).toEqual([
      [`${gpu}/drm/card0/card0-HDMI-A-1`, 'display', 'drives the display at HDMI-A-1'],
    ])
  })

  it.each([
    ['a keyboard', '1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe', 'keyboard'],
    ['a mouse', 'ff0000 0 0 0 0', 'pointer'],
    ['a touch screen', '400 0 0 0 0 0', 'pointer'],
  ])('finds %s', (_what, keys, kind) => {
    expect(uses(input('ACME', keys))).toEqual([[hid, 'input', `has ACME, a ${kind} of the host`]])
  })

  it.each([
    ['the jack of a sound card', '0'],
    ['the power button', '10000000000000 0'],
    ['nonsense', 'zz'],
  ])('does not take %s for an input that the host needs', (_what, keys) => {
    expect(uses(input('ACME', keys))).toEqual([])
  })
})
