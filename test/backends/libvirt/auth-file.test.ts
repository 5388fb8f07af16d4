import { describe, expect, it } from 'vitest'
import { storedLogin } from '../../../src/backends/libvirt/auth-file.js'
import { MemoryFiles } from '../../../src/os/host-files-memory.js'

const ann = { root: false, runtime: '/run/user/1000', config: '/home/ann/.config', home: '/home/ann' }
const text = `# who we are
[credentials-lab]
authname=ann
password = with\\sspace=and equals

[credentials-other]
username=bob
password=b

[auth-libvirt-lab.example]
credentials=lab

[auth-libvirt-default]
credentials=other

[auth-esx-vc.example]
credentials=lab

[auth-libvirt-lost.example]
credentials=nowhere
`
const files = new MemoryFiles({ '/home/ann/.config/libvirt/auth.conf': text, '/etc/libvirt/auth.conf': '' })

describe('storedLogin', () => {
  it.each([
    ['lab.example', { user: 'ann', password: 'with space=and equals' }],
    ['elsewhere', { user: 'bob', password: 'b' }],
    ['vc.example', { user: 'bob', password: 'b' }],
    ['lost.example', {}],
  ])('knows who logs in at %s', (host, login) => {
    expect(storedLogin(files, ann, host, undefined)).toEqual(login)
  })

  it('reads the file it is told, and no other', () => {
    const other = new MemoryFiles({ '/a': '[auth-libvirt-h]\ncredentials=x\n[credentials-x]\nauthname=eve\n' })
    expect(storedLogin(other, ann, 'h', '/a')).toEqual({ user: 'eve' })
    expect(storedLogin(files, ann, 'lab.example', '/nowhere')).toEqual({})
  })

  it('knows nobody where there is no file', () => {
    expect(storedLogin(new MemoryFiles({}), ann, 'h', undefined)).toEqual({})
  })
})
