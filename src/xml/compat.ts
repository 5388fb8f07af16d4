import type { Codec, Infer } from './codec.js'
import { refined } from './refine.js'
import type { Row } from './row.js'

// What libvirt's own parser and formatter do, where that is less than the document or the def says.

/** The same row, which libvirt writes but does not read. */
export const unread = <T>(row: Row<T>): Row<T> => ({
  ...row,
  read: (element, reading, told) => (reading.compat ? undefined : row.read(element, reading, told)),
})

/** The same row, which libvirt reads but does not write. */
export const unwritten = <T>(row: Row<T>): Row<T> => ({ ...row, omitted: ({ compat }) => compat })

/** The same row, for which libvirt has a value even where there is none. */
export const inCompat = <T>(value: T, row: Row<T>): Row<T> => ({
  ...row,
  otherwise: ({ compat }) => (compat ? value : row.otherwise?.({ compat })),
})

/** The same codec, whose defs of some content libvirt does not keep. */
// biome-ignore lint/suspicious/noExplicitAny: the def's type is the codec's own
export const unkept = <C extends Codec<any>>(codec: C, lost: (def: Infer<C>) => boolean): C =>
  refined(codec, (def, { compat }) => (compat && lost(def) ? (undefined as Infer<C>) : def))
