import type { SoundCard } from '../../model/kinds/sound.js'
import { known } from '../../model/known.js'
import { deviceClass, type HostKind } from '../kind.js'

/** Sound cards; the nodes of each, such as `pcmC0D0p`, stand in its folder. */
export const sound: HostKind<'sound'> = {
  kind: 'sound',
  ...deviceClass('sound'),
  named: (sysname) => /^card\d+$/.test(sysname),
  listedByLibvirt: () => false,
  node: (device) => device.below(`controlC${device.sysname.slice('card'.length)}`),
  read(device) {
    const card = device.number('number')
    return card === undefined ? undefined : known<SoundCard>({ card, id: device.text('id') })
  },
}
