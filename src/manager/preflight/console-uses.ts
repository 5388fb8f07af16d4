import { namesIn, realPath, textOf } from '../../host/plain-files.js'
import { finding } from '../../model/finding.js'
import type { HostFiles } from '../../os/host-files.js'
import type { HostUse } from './host-use.js'

/** What a person at the host looks at and types on: consoles, monitors, keyboards and pointers. */
export const consoleUses = (files: HostFiles): HostUse[] => [...consoles(files), ...displays(files), ...inputs(files)]

/** Serial consoles, and the graphics card that shows the virtual ones (Documentation/fb/fbcon.rst). */
function* consoles(files: HostFiles): Generator<HostUse> {
  for (const name of textOf(files, '/sys/class/tty/console/active')?.split(' ') ?? []) {
    const isVirtual = /^tty\d+$/.test(name)
    const shown = isVirtual ? framebufferOfConsole(files) : realPath(files, `/sys/class/tty/${name}`)
    const what = isVirtual ? `shows the virtual console ${name}` : `has ${name}, a console of the kernel`
    const remedy = isVirtual
      ? 'give the console another display, or release it: echo 0 > /sys/class/vtconsole/vtcon1/bind'
      : 'boot with another console='
    if (shown !== undefined) yield { path: shown, finding: finding('console', what, { remedy, console: name }) }
  }
}

function framebufferOfConsole(files: HostFiles): string | undefined {
  const isBound = namesIn(files, '/sys/class/vtconsole').some((name) => {
    const at = `/sys/class/vtconsole/${name}`
    return textOf(files, `${at}/bind`) === '1' && textOf(files, `${at}/name`)?.includes('frame buffer')
  })
  return isBound ? realPath(files, '/sys/class/graphics/fb0') : undefined
}

/** Connectors with a monitor that is switched on: `card0-HDMI-A-1`. */
function* displays(files: HostFiles): Generator<HostUse> {
  for (const name of namesIn(files, '/sys/class/drm')) {
    const at = `/sys/class/drm/${name}`
    const connector = /^card\d+-(.+)$/.exec(name)?.[1]
    if (connector === undefined || textOf(files, `${at}/enabled`) !== 'enabled') continue
    const path = realPath(files, at)
    const remedy = 'end what draws there first: the display manager, the desktop'
    if (path !== undefined)
      yield { path, finding: finding('display', `drives the display at ${connector}`, { remedy, connector }) }
  }
}

function* inputs(files: HostFiles): Generator<HostUse> {
  for (const name of namesIn(files, '/sys/class/input').filter((each) => /^input\d+$/.test(each))) {
    const at = `/sys/class/input/${name}`
    const kind = inputKind(files, at)
    const path = kind && realPath(files, at)
    if (!path) continue
    const called = textOf(files, `${at}/name`) ?? name
    const remedy = `make sure that the host has another ${kind}, or none that it needs`
    yield { path, finding: finding('input', `has ${called}, a ${kind} of the host`, { remedy, input: called, kind }) }
  }
}

/** Codes of include/uapi/linux/input-event-codes.h. */
const button = { left: 0x110, touch: 0x14a } as const

/** What udev's input_id builtin would call it; jacks, lids and power buttons are nothing of that kind. */
function inputKind(files: HostFiles, at: string): 'keyboard' | 'pointer' | undefined {
  const keys = bitsOf(textOf(files, `${at}/capabilities/key`))
  // escape, all digits and the upper rows of letters
  if ((keys & 0xffff_fffen) === 0xffff_fffen) return 'keyboard'
  const has = (code: number) => ((keys >> BigInt(code)) & 1n) === 1n
  return has(button.left) || has(button.touch) ? 'pointer' : undefined
}

/** Words of 64 bits in hexadecimal, the highest first (drivers/input/input.c, input_print_bitmap). */
const bitsOf = (text = ''): bigint =>
  text.split(' ').reduce((bits, word) => (/^[\da-f]+$/i.test(word) ? (bits << 64n) | BigInt(`0x${word}`) : bits), 0n)
