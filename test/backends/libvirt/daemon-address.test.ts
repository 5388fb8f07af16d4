import { describe, expect, it } from 'vitest'
import { daemonAddress } from '../../../src/backends/libvirt/daemon-address.js'
import { parseUri } from '../../../src/model/uri.js'

const root = { root: true, runtime: '/run/user/0', config: '/root/.config', home: '/root' }
const ann = { root: false, runtime: '/run/user/1000', config: '/home/ann/.config', home: '/home/ann' }

// What docs/uri.rst and src/remote/remote_sockets.c of libvirt say.
describe('daemonAddress', () => {
  it.each([
    ['qemu:///system', ['virtqemud-sock', 'libvirt-sock']],
    ['xen:///system', ['virtxend-sock', 'libvirt-sock']],
    ['nodedev:///system', ['virtnodedevd-sock', 'libvirt-sock']],
    ['qemu:///system?mode=legacy', ['libvirt-sock']],
    ['qemu:///system?mode=direct', ['virtqemud-sock']],
    ['qemu+unix:///system', ['virtqemud-sock', 'libvirt-sock']],
    ['qemu:///session', ['virtqemud-sock', 'libvirt-sock']],
  ])('finds the sockets of %s for root', (uri, sockets) => {
    expect(daemonAddress(parseUri(uri), root).sockets).toEqual(sockets.map((name) => `/var/run/libvirt/${name}`))
  })

  it.each([
    ['qemu:///session', '/run/user/1000/libvirt'],
    ['test:///default', '/run/user/1000/libvirt'],
    ['qemu:///system', '/var/run/libvirt'],
  ])('asks the daemon of the session or of the system for %s, as an ordinary user', (uri, folder) => {
    expect(daemonAddress(parseUri(uri), ann).sockets.at(-1)).toBe(`${folder}/libvirt-sock`)
  })

  it('asks the read-only socket, which only the system has', () => {
    expect(daemonAddress(parseUri('qemu:///system'), ann, { readOnly: true }).sockets).toEqual([
      '/var/run/libvirt/virtqemud-sock-ro',
      '/var/run/libvirt/libvirt-sock-ro',
    ])
    expect(daemonAddress(parseUri('qemu:///session'), ann, { readOnly: true }).sockets.at(-1)).toBe(
      '/run/user/1000/libvirt/libvirt-sock',
    )
  })

  it('asks whatever daemon is there when there is no URI', () => {
    expect(daemonAddress(undefined, root)).toMatchObject({ uri: '', transport: 'unix' })
    expect(daemonAddress(undefined, root).sockets).toEqual(
      ['virtxend', 'virtqemud', 'virtlxcd', 'virtvboxd', 'virtbhyved', 'virtvzd', 'libvirt'].map(
        (daemon) => `/var/run/libvirt/${daemon}-sock`,
      ),
    )
    expect(daemonAddress(undefined, ann).sockets[0]).toBe('/run/user/1000/libvirt/virtqemud-sock')
  })

  it('takes the socket it is told', () => {
    expect(daemonAddress(parseUri('qemu:///system?socket=/tmp/my%20sock'), root).sockets).toEqual(['/tmp/my sock'])
  })

  it.each([
    ['qemu+unix:///system?socket=/tmp/s', 'qemu:///system'],
    ['qemu+ssh://ann@host:22/system?keyfile=/k&no_tty=1', 'qemu:///system'],
    ['xen+tls://host/?no_verify=1&foo=a%26b', 'xen:///?foo=a%26b'],
    ['qemu+ssh://host/system?name=qemu:///session', 'qemu:///session'],
    ['test:///default', 'test:///default'],
    ['test:///tmp/a%20b.xml', 'test:///tmp/a%20b.xml'],
    ['lxc:///', 'lxc:///'],
  ])('tells the daemon of %s %s', (uri, name) => {
    expect(daemonAddress(parseUri(uri), root).uri).toBe(name)
  })

  it.each([
    ['qemu:///system', 'unix'],
    ['qemu://host/system', 'tls'],
    ['qemu+SSH://host/system', 'ssh'],
    ['qemu+tcp://host/system', 'tcp'],
  ])('takes the way of %s for %s', (uri, transport) => {
    expect(daemonAddress(parseUri(uri), root).transport).toBe(transport)
  })

  it('keeps who, where and how for the way there', () => {
    expect(daemonAddress(parseUri('qemu+ssh://ann@[::1]:2222/system?keyfile=/k&foo=1'), root)).toMatchObject({
      user: 'ann',
      host: '::1',
      port: 2222,
      parameters: { keyfile: '/k' },
    })
  })

  it.each([
    ['qemu+carrier-pigeon:///system', /none of unix, tls/],
    ['qemu+unix://host/system', /not on another host/],
    ['qemu:///system?mode=both', /auto, legacy or direct/],
  ])('refuses %s', (uri, message) => {
    expect(() => daemonAddress(parseUri(uri), root)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringMatching(message) }),
    )
  })
})
