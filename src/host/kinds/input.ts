import type { InputDevice } from '../../model/kinds/input.js'
import type { Identified } from '../../model/kinds/pci.js'
import { known } from '../../model/known.js'
import { deviceClass, type HostKind } from '../kind.js'
import type { SysfsDevice } from '../sysfs-device.js'

/** Input devices that programs can read; a device's node is that of its event handler, `event3`. */
export const input: HostKind<'input'> = {
  kind: 'input',
  ...deviceClass('input'),
  named: (sysname) => /^input\d+$/.test(sysname),
  is: (device) => eventOf(device) !== undefined,
  listedByLibvirt: () => false,
  node(device) {
    const event = eventOf(device)
    return event === undefined ? undefined : device.below(event)
  },
  read: (device) =>
    known<InputDevice>({
      label: device.text('name'),
      uses: usesOf(device),
      port: device.text('phys'),
      serial: device.text('uniq'),
      product: idOf(device, 'product'),
      vendor: idOf(device, 'vendor'),
    }),
}

const eventOf = (device: SysfsDevice): string | undefined => device.list('').find((name) => /^event\d+$/.test(name))

function idOf(device: SysfsDevice, which: string): Identified | undefined {
  const id = device.number(`id/${which}`, 16)
  return id ? { id } : undefined
}

/** udev marks what a device can be used as: `ID_INPUT_MOUSE=1` (systemd's 60-input-id.rules). */
function usesOf({ udev }: SysfsDevice): string[] | undefined {
  const set = [...(udev?.properties ?? [])].filter(([, value]) => value === '1')
  const uses = set.flatMap(([key]) => /^ID_INPUT_([A-Z]+)$/.exec(key)?.[1]?.toLowerCase() ?? []).sort()
  return uses.length === 0 ? undefined : uses
}
