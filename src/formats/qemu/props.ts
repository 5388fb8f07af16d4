import { VirtError } from '../../errors.js'

/** Properties of a QEMU device, backend or object, in the order they are given. */
export type QemuProps = Readonly<Record<string, string | number | boolean>>

/** JSON, which QEMU 6.2 and later take everywhere, or `driver,key=value`, which all take. */
export type QemuSyntax = 'json' | 'comma'

/** The longest argument that Linux gives a process (MAX_ARG_STRLEN, include/uapi/linux/binfmts.h). */
const maxLength = 0x20000

/** The properties that have a value. */
export function props(given: Record<string, string | number | boolean | undefined>): QemuProps {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as QemuProps
}

/**
 * The argument of `-device`, `-blockdev` or `-object`. Commas in values are doubled (docs/system/invocation), so that
 * no value can become a property of its own.
 *
 * @throws VirtError `invalid-argument` for a NUL, at which QEMU would end the text
 */
export function formatProps(given: QemuProps, syntax: QemuSyntax): string {
  for (const [key, value] of Object.entries(given))
    if (`${key}${value}`.includes('\0'))
      throw new VirtError('invalid-argument', `the property ${JSON.stringify(key)} holds NUL; remove it`)
  if (syntax === 'json') return JSON.stringify(given)
  return Object.entries(given)
    .map(([key, value], n) => {
      const escaped = spelt(value).replaceAll(',', ',,')
      return n === 0 && !escaped.includes('=') ? escaped : `${key}=${escaped}`
    })
    .join(',')
}

const spelt = (value: string | number | boolean) =>
  typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)

/**
 * Reads such an argument, in either syntax. In the comma syntax every value is text, the first is `driver` unless it
 * says otherwise, and a key alone means `on` (util/qemu-option.c, `opts_do_parse`).
 *
 * @param first - the key that may be left out: `driver` for -device and -blockdev, `qom-type` for -object
 * @throws VirtError `invalid-argument`, `limit-exceeded` for more than a process could be given
 */
export function parseProps(text: string, first = 'driver'): QemuProps {
  if (text.length > maxLength)
    throw new VirtError('limit-exceeded', `the QEMU argument is longer than ${maxLength} characters; shorten it`)
  if (text.startsWith('{')) return parseJson(text)
  return Object.fromEntries(
    optionsOf(text).map((option, n) => {
      const at = option.indexOf('=')
      if (at >= 0) return [option.slice(0, at), option.slice(at + 1)]
      return n === 0 ? [first, option] : [option, 'on']
    }),
  )
}

/** What stands between single commas; one at the end ends nothing. */
function optionsOf(text: string): string[] {
  const options = ['']
  for (const piece of text.split(/(,,|,)/))
    if (piece === ',') options.push('')
    else options.push(options.pop() + (piece === ',,' ? ',' : piece))
  if (text !== '' && options.at(-1) === '') options.pop()
  return options
}

function parseJson(text: string): QemuProps {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new VirtError('invalid-argument', `the QEMU argument is not JSON: ${(cause as Error).message}`, { cause })
  }
  const flat = (each: unknown) => ['string', 'number', 'boolean'].includes(typeof each)
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.values(value).every(flat))
    throw new VirtError('invalid-argument', 'the QEMU argument is no JSON object of plain values')
  return value as QemuProps
}
