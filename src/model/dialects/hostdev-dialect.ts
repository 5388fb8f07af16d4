import type { XmlElement } from '../../xml/element.js'
import type { HostdevDef } from '../hostdev.js'
import { type Translated, type Translation, translated } from './translated.js'

/** A way of writing a hostdev in XML other than libvirt's. */
export interface HostdevDialect extends Translated<HostdevDef> {
  readonly root: string
  /** Whether an element of that root is written so. */
  speaks(element: XmlElement): boolean
}

/** A dialect from the codec of its element and the translation of what that reads. */
export function hostdevDialect<Old>({
  root,
  speaks,
  ...translation
}: Omit<Translation<Old, HostdevDef>, 'noun'> & Pick<HostdevDialect, 'root' | 'speaks'>): HostdevDialect {
  return { root, speaks, ...translated({ noun: 'the hostdev', ...translation }) }
}
