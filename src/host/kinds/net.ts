import { linkStates, type NetDevice } from '../../model/kinds/net.js'
import { known } from '../../model/known.js'
import { deviceClass, type HostKind } from '../kind.js'
import type { Survey } from '../survey.js'
import type { SysfsDevice } from '../sysfs-device.js'

/** What the kernel says, as a 32-bit number, of a link whose speed is not known (SPEED_UNKNOWN, ethtool.h). */
const speedUnknown = 0xffff_ffff

/** Network interfaces. libvirt leaves out those whose driver names a type: bridges, bonds, VLANs… */
export const net: HostKind<'net'> = {
  kind: 'net',
  ...deviceClass('net'),
  is(device, { compat }) {
    const { uevent } = device
    const type = uevent.get('DEVTYPE')
    return uevent.has('INTERFACE') && (!compat || type === undefined || type === 'wlan')
  },
  suffix: (device) => device.text('address'),
  async read(device, survey) {
    const name = device.uevent.get('INTERFACE')
    if (name === undefined) return undefined
    const features = (await survey.features()).get(name)
    return known<NetDevice>({
      interface: name,
      address: device.text('address'),
      link: readLink(device, survey),
      features: features && [...features],
      subtype: device.uevent.get('DEVTYPE') === 'wlan' ? '80211' : '80203',
    })
  },
}

function readLink(device: SysfsDevice, { compat }: Survey): NetDevice['link'] {
  const operstate = device.text('operstate')
  const state = linkStates.find((each) => each === operstate)
  if (state === undefined) return undefined
  if (state !== 'up') return { state }
  const speed = speedOf(device.text('speed'))
  // libvirt passes an unknown speed on as a huge one (`virNetDevGetLinkInfo`)
  return speed === undefined || (speed === speedUnknown && !compat) ? { state } : { state, speed }
}

function speedOf(text: string | undefined): number | undefined {
  const speed = text === undefined ? 0 : Number(text) >>> 0
  return speed === 0 ? undefined : speed
}
