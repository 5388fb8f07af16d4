import type { HostdevOf } from '../../model/hostdev.js'
import { addressProps } from './guest-address.js'
import { bootProps, type QemuOptions, unsayable } from './options.js'
import { props, type QemuProps } from './props.js'

/** A mediated device (`qemuBuildHostdevMdevDevProps`). A graphics card is told that it is no display unless it is. */
export function mdevProps(def: HostdevOf<'mdev'>, id: string, options: QemuOptions): QemuProps {
  const { model, display, ramfb, source, boot, address } = def
  if (model !== 'vfio-pci' && (display ?? ramfb) !== undefined)
    throw unsayable(def, `has display or ramfb, which devices of model ${model} have not; remove them`)
  const silent = display === undefined && (model !== 'vfio-pci' || options.legacy)
  return {
    ...props({
      driver: ramfb ? 'vfio-pci-nohotplug' : model,
      id,
      sysfsdev: `/sys/bus/mdev/devices/${source.uuid}`,
      display: silent ? undefined : display ? 'on' : 'off',
      ramfb: ramfb || undefined,
      ...bootProps(boot),
    }),
    ...addressProps(address, options),
  }
}
