import type { Rows } from '../../xml/layout.js'
import { leaf, many, one, opt } from '../../xml/row.js'
import { table } from '../../xml/table.js'
import { admitting, name } from '../../xml/text.js'
import { ipAddress, ipRoute } from '../ip-config.js'
import { shape } from '../schema-spelling.js'
import { deviceInfo } from './device-info.js'
import { storageFlags } from './subsystem.js'

const path = admitting(name, shape(/^(\/|[a-zA-Z]:\\).+$/))
const deviceName = admitting(name, shape(/^[\w.\-\\:/]+$/))

/** A device that a container sees as one of its own: `virDomainHostdevCaps`. */
const capability = <R extends Rows>(rows: R) =>
  table({ ...rows, ...deviceInfo }, { order: 'any', forgotten: storageFlags })

/** `<hostdev mode='capabilities' type='storage'>`. */
export const storageHostdev = capability({ source: one('source', table({ block: leaf('block', path) })) })

/** `<hostdev mode='capabilities' type='misc'>`. */
export const miscHostdev = capability({ source: one('source', table({ char: leaf('char', path) })) })

/** `<hostdev mode='capabilities' type='net'>`: a network interface that leaves the host for the container. */
export const netHostdev = table(
  {
    source: one('source', table({ interface: leaf('interface', deviceName) })),
    ips: opt(many('ip', ipAddress)),
    routes: opt(many('route', ipRoute)),
    ...deviceInfo,
  },
  { order: 'any', forgotten: storageFlags },
)
