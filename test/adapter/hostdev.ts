import { hostdev } from '../../src/model/hostdev.js'
import { guestInterface } from '../../src/model/interface.js'
import type { Operations } from './protocol.js'
import { type Source, sourceOf } from './source.js'

const isInterface = (source: string | Uint8Array) => typeof source === 'string' && /^\s*<interface\b/.test(source)

function roundtrip(source: string | Uint8Array): string {
  const compat = { compat: true }
  return isInterface(source)
    ? guestInterface.format(guestInterface.parse(source, compat), compat)
    : hostdev.format(hostdev.parse(source, compat), compat)
}

/** Host devices of a guest as libvirt's parser and schema see them. */
export const hostdevs: Operations = {
  'hostdev.roundtrip': (args: Source) => ({ xml: roundtrip(sourceOf(args)) }),
  'hostdev.validate': (args: Source) => {
    const source = sourceOf(args)
    const findings = isInterface(source) ? guestInterface.validate(source) : hostdev.validate(source)
    return { valid: findings.length === 0 }
  },
}
