import { deviceClass, type HostKind } from '../kind.js'
import { parseNumber } from '../text.js'

/** Each type of node has 64 minor numbers (drivers/gpu/drm/drm_drv.c). */
const types = ['primary', 'control', 'render'] as const

/** Nodes of the Direct Rendering Manager; connectors, which stand beside them, are none. */
export const drm: HostKind<'drm'> = {
  kind: 'drm',
  ...deviceClass('drm'),
  node: (device) => device,
  is: (device) => device.uevent.get('DEVTYPE') === 'drm_minor' && typeOf(device.uevent.get('MINOR')) !== undefined,
  read(device) {
    const type = typeOf(device.uevent.get('MINOR'))
    return type && { type }
  },
}

function typeOf(minor: string | undefined): (typeof types)[number] | undefined {
  const number = minor === undefined ? undefined : parseNumber(minor)
  return number === undefined ? undefined : types[number >> 6]
}
