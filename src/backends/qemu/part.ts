import { VirtError } from '../../errors.js'
import type { HostdevDef } from '../../model/hostdev.js'
import { describeHostdev } from '../../model/hostdev-match.js'
import { hostdevBehind } from '../../model/interface-hostdev.js'
import { type HostdevInterface, type VfConfig, vfConfigOf } from '../../model/vf-config.js'

/** A host device, and what its physical function is to say of it. */
export interface Part {
  readonly def: HostdevDef
  readonly network?: VfConfig | undefined
}

/** @throws VirtError `config-unsupported` for an interface that cannot be set up, or not be restored */
export function partOf(wanted: HostdevDef | HostdevInterface): Part {
  if (wanted.kind !== 'hostdev') return { def: wanted }
  const def = hostdevBehind(wanted)
  if (def.kind === 'usb') return { def }
  if (wanted.managed) return { def, network: vfConfigOf(wanted) }
  throw new VirtError(
    'config-unsupported',
    `${describeHostdev(def)} is an interface, whose address would stay when it is given back; say managed='yes'`,
  )
}
