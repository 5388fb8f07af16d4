import type { CcwDevice, CcwGroup, CssDevice } from '../../model/kinds/channel.js'
import { known } from '../../model/known.js'
import { bus, type HostKind } from '../kind.js'
import { readMdevTypes } from './mdev-types.js'

/** `0.0.10ba`, as the s390 channel subsystem writes it (drivers/s390/cio/css.c). */
function parseChannelAddress(text: string): { cssid: number; ssid: number; devno: number } | undefined {
  const [, cssid, ssid, devno] = /^([\da-f]{1,2})\.([0-3])\.([\da-f]{4})$/i.exec(text) ?? []
  if (cssid === undefined || ssid === undefined || devno === undefined) return undefined
  return { cssid: Number.parseInt(cssid, 16), ssid: Number(ssid), devno: Number.parseInt(devno, 16) }
}

const isChannelAddress = (sysname: string): boolean => parseChannelAddress(sysname) !== undefined

/** Channel I/O devices that are online: there are thousands that are not. */
export const ccw: HostKind<'ccw'> = {
  kind: 'ccw',
  ...bus('ccw'),
  named: isChannelAddress,
  is: (device) => device.text('online') === '1',
  read(device) {
    const address = parseChannelAddress(device.sysname)
    const group = device.linkName('group_device')
    return address && known<CcwDevice>({ ...address, groupDevice: group === undefined ? undefined : groupName(group) })
  },
}

const groupName = (sysname: string): string => `ccwgroup_${sysname.replaceAll('.', '_')}`

/** Channel devices that work as one; libvirt 11.1, unverified. */
export const ccwGroup: HostKind<'ccwgroup'> = {
  kind: 'ccwgroup',
  ...bus('ccwgroup'),
  named: isChannelAddress,
  read(device) {
    const address = parseChannelAddress(device.sysname)
    if (!address) return undefined
    const members = device
      .list('')
      .filter((name) => /^cdev\d+$/.test(name))
      .sort()
      .map((ref) => ({ ref, device: `ccw_${device.linkName(ref)?.replaceAll('.', '_')}` }))
    const isQeth = device.linkName('driver') === 'qeth'
    return known<CcwGroup>({
      state: device.text('online') === '1' ? 'online' : 'offline',
      ...address,
      members: members.length === 0 ? undefined : members,
      qeth: isQeth
        ? known<NonNullable<CcwGroup['qeth']>>({ cardType: device.text('card_type'), chpid: device.text('chpid') })
        : undefined,
    })
  },
}

/** The drivers of subchannels that carry I/O or are meant for guests; there are others for administration. */
const subchannelDrivers = ['io_subchannel', 'vfio_ccw']

/** Subchannels. */
export const css: HostKind<'css'> = {
  kind: 'css',
  ...bus('css'),
  named: isChannelAddress,
  is: (device) => subchannelDrivers.includes(device.linkName('driver') ?? ''),
  read(device, survey) {
    const address = parseChannelAddress(device.sysname)
    return (
      address &&
      known<CssDevice>({
        ...address,
        channelDevice: parseChannelAddress(device.text('dev_busid') ?? 'none'),
        mdevTypes: readMdevTypes(device, survey),
      })
    )
  },
}
