/**
 * The name libvirt gives a device: subsystem, the kernel's name for the device and, for some kinds, what tells it from
 * others, with every character but ASCII letters and digits made an underscore (`nodeDeviceGenerateName`). It cannot be
 * read back, and two devices may come out alike.
 */
export function generateName(subsystem: string, sysname: string, suffix?: string): string {
  const parts = suffix === undefined ? [subsystem, sysname] : [subsystem, sysname, suffix]
  const name = parts.join('_')
  // hardly a name is not plain ASCII, and a host may have thousands
  return isAscii(name) ? name.replace(/[^A-Za-z0-9]/g, '_') : name.replace(/[^A-Za-z0-9]/gu, underscores)
}

/** Everything but ASCII letters and digits becomes an underscore; the slash, which divides names here, stays. */
const spelt = Uint8Array.from({ length: 0x80 }, (_, code) =>
  /[A-Za-z0-9/]/.test(String.fromCharCode(code)) ? code : 0x5f,
)

/** {@link generateName} of many devices of a subsystem, as one text: a fraction of the price. */
export function generateNames(subsystem: string, sysnames: readonly string[]): string[] {
  if (sysnames.length === 0) return []
  const text = `${subsystem}_${sysnames.join(`/${subsystem}_`)}`
  const bytes = encoder.encode(text)
  if (bytes.length !== text.length) return sysnames.map((sysname) => generateName(subsystem, sysname))
  for (let at = 0; at < bytes.length; at++) bytes[at] = spelt[bytes[at] as number] as number
  return decoder.decode(bytes).split('/')
}

/**
 * Whether names have the same signs in the same order, as PCI addresses have: then no two of them come out of
 * {@link generateNames} alike, which takes three times as long to see by looking.
 */
export function haveOneShape([first = '', ...others]: readonly string[]): boolean {
  const signs = first.replace(/[A-Za-z0-9]/g, '')
  return others.every((name) => {
    let sign = 0
    for (let at = 0; at < name.length; at++) {
      const code = name.charCodeAt(at)
      if (spelt[code] !== code && signs.charCodeAt(sign++) !== code) return false
    }
    return sign === signs.length
  })
}

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text)

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** libvirt counts bytes of UTF-8, not characters. */
const underscores = (character: string): string =>
  character.charCodeAt(0) < 0x80 ? '_' : '_'.repeat(encoder.encode(character).length)

/** The root of every host's devices. It is libvirt's own, not the kernel's. */
export const computer = 'computer'
