import { describe, expect, it } from 'vitest'
import { tlsFiles } from '../../../src/backends/libvirt/tls-files.js'
import { MemoryFiles } from '../../../src/os/host-files-memory.js'

const ann = { root: false, runtime: '/run/user/1000', config: '/home/ann/.config', home: '/home/ann' }
const machine = {
  '/etc/pki/CA/cacert.pem': 'the CA',
  '/etc/pki/libvirt/clientcert.pem': 'certificate',
  '/etc/pki/libvirt/private/clientkey.pem': 'key',
}
const mine = { '/home/ann/.pki/libvirt/clientcert.pem': 'mine', '/home/ann/.pki/libvirt/clientkey.pem': 'my key' }
const found = (files: Record<string, string>, user = ann, pkipath?: string) =>
  Object.fromEntries(
    Object.entries(tlsFiles(new MemoryFiles(files), user, pkipath)).map(([name, bytes]) => [
      name,
      new TextDecoder().decode(bytes),
    ]),
  )

// As virNetTLSContextLocateCredentials of libvirt looks for them.
describe('tlsFiles', () => {
  it('finds those of the machine', () => {
    expect(found(machine)).toEqual({ ca: 'the CA', cert: 'certificate', key: 'key' })
  })

  it("finds a user's own first, and of the machine what they lack", () => {
    expect(found({ ...machine, ...mine })).toEqual({ ca: 'the CA', cert: 'mine', key: 'my key' })
  })

  it("does not take a user's own for root", () => {
    expect(found({ ...machine, ...mine }, { ...ann, root: true })).toMatchObject({ cert: 'certificate' })
  })

  it('takes a certificate only with its key', () => {
    expect(found({ ...machine, '/home/ann/.pki/libvirt/clientcert.pem': 'mine' })).toMatchObject({
      cert: 'certificate',
      key: 'key',
    })
  })

  it('needs no certificate of its own', () => {
    expect(found({ '/etc/pki/CA/cacert.pem': 'the CA', '/etc/pki/CA/cacrl.pem': 'revoked' })).toEqual({
      ca: 'the CA',
      crl: 'revoked',
    })
  })

  it('needs all of them in the folder it is told', () => {
    const folder = { '/pki/cacert.pem': 'other CA', '/pki/clientcert.pem': 'c', '/pki/clientkey.pem': 'k' }
    expect(found({ ...machine, ...folder }, ann, '/pki')).toEqual({ ca: 'other CA', cert: 'c', key: 'k' })
    expect(() => found(machine, ann, '/pki')).toThrow('/pki/cacert.pem is not there')
  })

  it('says which file has to be there', () => {
    expect(() => found({})).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        details: expect.objectContaining({ path: '/etc/pki/CA/cacert.pem' }),
      }),
    )
  })
})
