import { admitting, type Text } from '../xml/text.js'
import { shape } from './schema-spelling.js'

const digits = /^\s*(?:[ -]*[\da-f]{2}){16}\s*$/i
const canonical = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/**
 * A UUID, of which libvirt's reader (`virUUIDParse`) takes any grouping of the 32 digits; it becomes lower-case with
 * dashes.
 */
export const uuid: Text<string> = admitting(
  {
    is: 'a UUID',
    from: (text) => {
      if (canonical.test(text)) return text
      return digits.test(text)
        ? text
            .replace(/[\s-]+/g, '')
            .toLowerCase()
            .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
        : undefined
    },
    to: (value) => (canonical.test(value) ? value : undefined),
    schema: { type: 'string', pattern: canonical.source },
  },
  shape(/^([\da-fA-F]{32}|[\da-fA-F]{8}(-[\da-fA-F]{4}){3}-[\da-fA-F]{12})$/),
)
