import { admitting, type Text } from '../xml/text.js'
import { shape } from './schema-spelling.js'

const digits = /^[\s-]*(?:[\da-f]{2}[\s-]*){15}[\da-f]{2}\s*$/i

/**
 * A UUID, of which libvirt's reader (`virUUIDParse`) takes any grouping of the 32 digits; it becomes lower-case with
 * dashes.
 */
export const uuid: Text<string> = admitting(
  {
    is: 'a UUID',
    from: (text) =>
      digits.test(text)
        ? text
            .replace(/[\s-]/g, '')
            .toLowerCase()
            .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
        : undefined,
    to: (value) => value,
    schema: { type: 'string', format: 'uuid' },
  },
  shape(/^([\da-fA-F]{32}|[\da-fA-F]{8}(-[\da-fA-F]{4}){3}-[\da-fA-F]{12})$/),
)
