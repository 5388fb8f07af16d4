import { describe, expect, it } from 'vitest'
import { daemonAddress } from '../../../src/backends/libvirt/daemon-address.js'
import { clientSettings, defaultUri } from '../../../src/backends/libvirt/default-uri.js'
import { parseUri } from '../../../src/model/uri.js'
import { MemoryFiles } from '../../../src/os/host-files-memory.js'

const user = { root: false, runtime: '/run/user/1000', config: '/home/ann/.config', home: '/home/ann' }
const settings = `
# uri_default = "no:///"
uri_default = 'lxc:///'
uri_aliases = [
  # "dead=qemu+ssh://root@dead/system",
  "hail=qemu+ssh://root@hail.example/system",
  "sleet=qemu+ssh://root@sleet.example/system?keyfile=/a=b",
]
remote_mode = "direct"
#remote_proxy = "native"
`
const files = new MemoryFiles({ '/home/ann/.config/libvirt/libvirt.conf': settings })
const none = new MemoryFiles({})

describe('defaultUri', () => {
  it.each([
    ['what $LIBVIRT_DEFAULT_URI says', 'libvirt:', files, 'qemu:///session', 'qemu:///session'],
    ['the alias that $LIBVIRT_DEFAULT_URI names', 'libvirt:', files, 'hail', 'qemu+ssh://root@hail.example/system'],
    ['uri_default of libvirt.conf', 'libvirt:///', files, undefined, 'lxc:///'],
    ['nothing where nothing is said', 'libvirt:', none, undefined, undefined],
    ['an alias', 'libvirt:sleet', files, 'xen:///', 'qemu+ssh://root@sleet.example/system?keyfile=/a=b'],
  ])('is %s', (_what, uri, host, chosen, expected) => {
    expect(defaultUri(parseUri(uri), clientSettings(host, user), chosen)?.text).toBe(expected)
  })

  it('reads the settings of the whole machine for root', () => {
    const machine = new MemoryFiles({ '/etc/libvirt/libvirt.conf': 'uri_default = "xen:///system"' })
    expect(defaultUri(parseUri('libvirt:'), clientSettings(machine, { ...user, root: true }))?.text).toBe(
      'xen:///system',
    )
  })

  it('refuses an alias that is not there, and names those that are', () => {
    expect(() => defaultUri(parseUri('libvirt:dead'), clientSettings(files, user))).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        details: expect.objectContaining({ candidates: ['hail', 'sleet'] }),
      }),
    )
  })
})

describe('clientSettings', () => {
  it('say what mode and proxy are where a URI does not', () => {
    const { defaults } = clientSettings(files, user)
    expect(defaults).toEqual({ mode: 'direct' })
    const socketsOf = (uri: string) => daemonAddress(parseUri(uri), user, { defaults }).sockets
    expect(socketsOf('qemu:///system')).toEqual(['/var/run/libvirt/virtqemud-sock'])
    expect(socketsOf('qemu:///system?mode=legacy')).toEqual(['/var/run/libvirt/libvirt-sock'])
  })
})
