import { bus, type HostKind } from '../kind.js'

/** virtio data path accelerators; one that is bound to vhost-vdpa has a node that a guest can be given. */
export const vdpa: HostKind<'vdpa'> = {
  kind: 'vdpa',
  ...bus('vdpa'),
  read(device) {
    const node = device.list('').find((name) => name.startsWith('vhost-vdpa'))
    return node === undefined ? {} : { chardev: `/dev/${node}` }
  },
}
