import type { Infer } from '../../xml/codec.js'
import { rest } from '../../xml/raw.js'
import { leaf, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { str } from '../../xml/text.js'
import { decimal } from './spelling.js'

/** A sound card of ALSA. libvirt has no such kind; the proposal of April 2008 asks for one. */
export const soundCard = table({
  /** Number of the card. */
  card: leaf('card', decimal),
  /** The short name by which ALSA's programs know it: `Intel`. */
  id: opt(leaf('id', str)),
  other: rest(),
})

/** A sound card of ALSA. */
export interface SoundCard extends Infer<typeof soundCard> {}
