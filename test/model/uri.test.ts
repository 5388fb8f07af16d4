import { describe, expect, it } from 'vitest'
import { parseUri } from '../../src/model/uri.js'

describe('parseUri', () => {
  it.each([
    ['linux:///', { driver: 'linux', path: '/' }],
    ['linux:///?root=/srv/a%20b', { driver: 'linux', path: '/', query: { root: '/srv/a b' } }],
    ['qemu+qmp:///run/qemu.sock', { driver: 'qemu', transport: 'qmp', path: '/run/qemu.sock' }],
    [
      'qemu+ssh://root@host.example:2222/system?keyfile=/k&no_tty=1',
      { user: 'root', host: 'host.example', port: 2222, path: '/system', query: { keyfile: '/k', no_tty: '1' } },
    ],
    ['qemu+tls://[fe80::1]:16514/system', { host: 'fe80::1', port: 16514 }],
    ['libvirt:', { driver: 'libvirt', path: '' }],
  ])('takes %s apart', (text, parts) => {
    expect(parseUri(text)).toMatchObject(parts)
  })

  it.each([
    '',
    'linux',
    '/dev/sda',
    '://x',
    'linux:///a b',
    'linux:///a\nb',
    'linux:///%zz',
    'qemu://h:70000/system',
    '1x:///',
  ])('refuses %j', (text) => {
    expect(() => parseUri(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('keeps a parameter named __proto__ as a parameter', () => {
    expect(Object.keys(parseUri('linux:///?__proto__=x').query)).toEqual(['__proto__'])
  })
})
