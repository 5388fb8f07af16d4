import { inject } from 'vitest'
import { needs } from '../needs.js'
import { clientSuite } from '../wire/libvirt-rpc/client-suite.js'

needs(inject('absent').libvirtd).describe('RpcClient on a real libvirtd', () => {
  clientSuite(() => '/run/libvirt/libvirt-sock')
})
