import { cUint, upTo } from '../../xml/number.js'
import { refined, ruled } from '../../xml/refine.js'
import { attr, many, opt, owed } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting, token, word, yesNo } from '../../xml/text.js'
import { unsignedTo } from '../schema-spelling.js'

const tag = table({
  id: attr('@id', admitting(upTo(4095, cUint(10)), unsignedTo(4095))),
  /** Which VLAN untagged frames belong to, on a trunk. */
  nativeMode: opt(attr('@nativeMode', word('tagged', 'untagged'))),
})

/** `<vlan><tag id='42'/></vlan>`: `virNetDevVlan`. */
export const vlan = refined(
  ruled(
    table({
      /** Whether frames of several VLANs pass with their tags. */
      trunk: opt(
        attr(
          '@trunk',
          admitting(yesNo, (text) => token(text) === 'yes'),
        ),
      ),
      tags: owed(many('tag', tag)),
    }),
    ({ tags }) => (tags.length > 0 ? undefined : 'holds no tag; give the number of at least one VLAN'),
    ({ trunk, tags }) =>
      trunk === false && (tags.length > 1 || tags.some(({ nativeMode }) => nativeMode))
        ? 'has several tags or a native one but is no trunk; leave out trunk or say yes'
        : undefined,
    ({ tags }) =>
      tags.filter(({ nativeMode }) => nativeMode).length > 1 ? 'has several native VLANs; mark one tag' : undefined,
  ),
  // libvirt takes several tags for a trunk, and forgets that a single one is none
  (def, { compat }) =>
    !compat ? def : def.trunk || def.tags.length > 1 ? { ...def, trunk: true } : { tags: def.tags },
)
