import { bus, type HostKind } from '../kind.js'

/** virtio data path accelerators, of which one that a guest can have is bound to vhost-vdpa. */
export const vdpa: HostKind<'vdpa'> = {
  kind: 'vdpa',
  ...bus('vdpa'),
  is: () => true,
  read(device) {
    const node = device.list('').find((name) => name.startsWith('vhost-vdpa'))
    return node === undefined ? undefined : { chardev: `/dev/${node}` }
  },
}
