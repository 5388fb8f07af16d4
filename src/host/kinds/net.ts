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
  is: ({ uevent }) => uevent.has('INTERFACE'),
  listedByLibvirt: ({ uevent }) => ['wlan', undefined].includes(uevent.get('DEVTYPE')),
  suffix: (device) => device.text('address'),
  async read(device, survey) {
    const name = device.uevent.get('INTERFACE')
    if (name === undefined) return undefined
    const features = await survey.features(name)
    return known<NetDevice>({
      interface: name,
      address: device.text('address'),
      link: readLink(device, survey),
      features: features?.length ? [...features] : undefined,
      subtype: device.uevent.get('DEVTYPE') === 'wlan' ? '80211' : '80203',
      ...(survey.compat ? {} : readMakeUp(device)),
    })
  },
}

function readLink(device: SysfsDevice, { compat }: Survey): NetDevice['link'] {
  const operstate = device.text('operstate')
  const state = linkStates.find((each) => each === operstate)
  if (state === undefined) {
    if (operstate !== undefined) device.warn('operstate', `holds '${operstate.slice(0, 100)}', no state of a link`)
    return undefined
  }
  if (state !== 'up') return { state }
  const speed = speedOf(device.text('speed'))
  // libvirt passes an unknown speed on as a huge one (`virNetDevGetLinkInfo`)
  return speed === undefined || (speed === speedUnknown && !compat) ? { state } : { state, speed }
}

/** What the kernel says of interfaces made of others. */
function readMakeUp(device: SysfsDevice): Pick<NetDevice, 'type' | 'lower'> {
  const names = device.list('')
  const lower = names.filter((name) => name.startsWith('lower_')).map((name) => name.slice('lower_'.length))
  return known<Pick<NetDevice, 'type' | 'lower'>>({
    type: device.uevent.get('DEVTYPE') ?? (names.includes('tun_flags') ? 'tun' : undefined),
    lower: lower.length === 0 ? undefined : lower.sort(),
  })
}

function speedOf(text: string | undefined): number | undefined {
  const speed = text === undefined ? 0 : Number(text) >>> 0
  return speed === 0 ? undefined : speed
}
