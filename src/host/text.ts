const decoder = new TextDecoder()

/** Bytes as text; nearly all that a host says is ASCII, and short. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes.length > 512) return decoder.decode(bytes)
  let text = ''
  for (const byte of bytes) {
    if (byte >= 0x80) return decoder.decode(bytes)
    text += String.fromCharCode(byte)
  }
  return text
}

/**
 * A sysfs attribute as libvirt takes it: up to the first NUL, without control characters and so without its final line
 * break; `undefined` when nothing is left (`udevGetStringSysfsAttr`).
 */
export function attributeText(bytes: Uint8Array): string | undefined {
  const text = decodeText(bytes)
  const nul = text.indexOf('\0')
  return (nul < 0 ? text : text.slice(0, nul)).replace(/[\x01-\x1f\x7f]/g, '') || undefined
}

/** A number all of which is digits of that base; blanks around it and, in base 16, a leading `0x` are let pass. */
export function parseNumber(text: string, base: 10 | 16 = 10): number | undefined {
  const digits = text.trim()
  if (!(base === 10 ? /^\d+$/ : /^(0x)?[\da-f]+$/i).test(digits)) return undefined
  const value = Number.parseInt(digits, base)
  return Number.isSafeInteger(value) ? value : undefined
}

/** What a path ends in: the name of what it leads to. */
export const lastStep = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
