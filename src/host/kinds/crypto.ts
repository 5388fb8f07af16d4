import type { ApMatrix } from '../../model/kinds/crypto.js'
import { known } from '../../model/known.js'
import { bus, type HostKind } from '../kind.js'
import { parseNumber } from '../text.js'
import { readMdevTypes } from './mdev-types.js'

/** s390 crypto adapters: `card07`. */
export const apCard: HostKind<'ap_card'> = {
  kind: 'ap_card',
  ...bus('ap'),
  named: (sysname) => /^card[\da-f]+$/i.test(sysname),
  read({ sysname }) {
    const adapter = parseNumber(sysname.slice('card'.length), 16)
    return adapter === undefined ? undefined : { adapter }
  },
}

/** Their queues, one for each domain: `07.0038`. */
export const apQueue: HostKind<'ap_queue'> = {
  kind: 'ap_queue',
  ...bus('ap'),
  named: (sysname) => /^[\da-f]+\.[\da-f]+$/i.test(sysname),
  read({ sysname }) {
    const [adapter, domain] = sysname.split('.').map((part) => parseNumber(part, 16))
    return adapter === undefined || domain === undefined ? undefined : { adapter, domain }
  },
}

/** The parent of mediated crypto devices. Subsystem and device are both called `matrix`, so libvirt names it itself. */
export const apMatrix: HostKind<'ap_matrix'> = {
  kind: 'ap_matrix',
  ...bus('matrix'),
  name: 'ap_matrix',
  read: (device, survey) => known<ApMatrix>({ mdevTypes: readMdevTypes(device, survey) }),
}
