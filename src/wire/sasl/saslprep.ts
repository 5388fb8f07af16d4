import { VirtError } from '../../errors.js'

/** Spaces other than ASCII's (RFC 3454, table C.1.2). */
const spaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu
/** Mapped to nothing (table B.1). */
const nothing = /\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u00ad\u1806\u200b-\u200d\u2060\ufeff]/gu
/**
 * Control characters, private use, surrogates, non-characters, and what changes how text is shown (tables C.2 to C.9).
 */
const prohibited =
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u2028\u2029\u06dd\u070f\u180e\u2061-\u2063\u206a-\u206f\ufff9-\uffff\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e]|\u0340|\u0341/u

/**
 * Prepares a name or password as SASL mechanisms compare them (RFC 4013), so that it does not matter how a keyboard
 * composed its letters.
 *
 * @throws VirtError `invalid-argument` for characters that neither may hold
 */
export function saslprep(text: string, what: string): string {
  const prepared = text.replace(spaces, ' ').replace(nothing, '').normalize('NFKC')
  if (prepared === '') throw new VirtError('invalid-argument', `the ${what} is empty`)
  if (prohibited.test(prepared))
    throw new VirtError('invalid-argument', `the ${what} holds a character that none may hold (RFC 4013)`)
  return prepared
}
