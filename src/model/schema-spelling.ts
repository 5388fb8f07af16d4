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

/** Either spelling, as uint8, uint16 and their like allow (schemas/basictypes.rng). */
export const hexOrInteger =
  (pattern: RegExp, maximum: number): Admits =>
  (text) =>
    pattern.test(text) || integerTo(maximum)(text)

export const uint8 = hexOrInteger(/^0x[\da-fA-F]{1,2}$/, 0xff)
export const uint16 = hexOrInteger(/^(0x)?[\da-fA-F]{1,4}$/, 0xffff)
export const uint24 = hexOrInteger(/^0x[\da-fA-F]{1,6}$/, 0xff_ffff)
export const uint32 = hexOrInteger(/^(0x)?[\da-fA-F]{1,8}$/, 0xffff_ffff)
