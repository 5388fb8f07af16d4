/** How libvirt's RELAX NG schemas want a value spelt; for {@link admitting}. */
type Admits = (text: string) => boolean

/** Text of one shape. */
export const shape =
  (pattern: RegExp): Admits =>
  (text) =>
    pattern.test(text)

/** An XML Schema integer up to a maximum: white space around it and leading zeros do not count. */
export const integerTo =
  (maximum: number): Admits =>
  (text) => {
    const [, sign, digits] = /^[ \t\r\n]*([+-]?)(\d+)[ \t\r\n]*$/.exec(text) ?? []
    const value = Number(digits)
    return sign === '-' ? value === 0 : value <= maximum
  }

/** An XML Schema int. */
export const integer: Admits = (text) =>
  /^[ \t\r\n]*[+-]?\d{1,10}[ \t\r\n]*$/.test(text) && (Number(text) | 0) === Number(text)

/** An XML Schema unsignedInt up to a maximum: as {@link integerTo}, but libxml2 takes no sign before it. */
export const unsignedTo =
  (maximum: number): Admits =>
  (text) =>
    !/[+-]/.test(text) && integerTo(maximum)(text)

/** Either spelling, as uint8, uint16 and their like allow (schemas/basictypes.rng). */
export const hexOrInteger =
  (pattern: RegExp, maximum: number): Admits =>
  (text) =>
    pattern.test(text) || integerTo(maximum)(text)

export const uint8 = hexOrInteger(/^0x[\da-fA-F]{1,2}$/, 0xff)
export const uint16 = hexOrInteger(/^(0x)?[\da-fA-F]{1,4}$/, 0xffff)
export const uint24 = hexOrInteger(/^0x[\da-fA-F]{1,6}$/, 0xff_ffff)
export const uint32: Admits = (text) => /^(0x)?[\da-fA-F]{1,8}$/.test(text) || unsignedTo(0xffff_ffff)(text)

/** `unsignedInt` and `unsignedLong`, of which libvirt's schema admits plain digits only. */
export const unsignedInt = digitsTo(2n ** 32n)
export const unsignedLong = digitsTo(2n ** 64n)

function digitsTo(end: bigint): Admits {
  return (text) => /^\d+$/.test(text) && BigInt(text) < end
}

/** `hexuint`: of any length, and in lower case only. */
export const hexuint = shape(/^(0x)?[\da-f]+$/)

/** A world wide name: 64 bits (FC-FS-5, section 18). */
export const wwn = shape(/^(0x)?[\da-f]{16}$/i)

/** A path, of which the schema of node devices admits few characters. */
export const devicePath = shape(/^\/[\w+\-/%]+$/)
