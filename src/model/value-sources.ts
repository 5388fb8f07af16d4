/** Where a value of a def comes from on a Linux host, and what it counts. */
export interface ValueSource {
  /** A file below the device's folder in /sys unless it begins with a slash, or a property of udev's database. */
  readonly from: string
  /** The unit, where the number alone does not say. */
  readonly unit?: string
}

const config = (what: string): ValueSource => ({ from: `config, ${what}` })
const name = { from: 'name of the folder' }
const identified = (id: string, names: string) => ({ id: { from: id }, name: { from: names } })
const mdevTypes = {
  id: { from: 'mdev_supported_types' },
  name: { from: 'mdev_supported_types/…/name' },
  deviceApi: { from: 'mdev_supported_types/…/device_api' },
  availableInstances: { from: 'mdev_supported_types/…/available_instances' },
}
const geometry = {
  logicalBlockSize: { from: 'queue/logical_block_size', unit: 'bytes' },
  numBlocks: { from: 'size, in 512-byte units' },
}
const channel = { cssid: name, ssid: name, devno: name }

interface Sources {
  readonly [key: string]: ValueSource | Sources
}

/** By kind, then as the def is built; arrays stand for each of their members. */
const sources: Readonly<Record<string, Sources>> = {
  device: {
    path: { from: '/sys/devices' },
    devnode: { from: 'uevent, DEVNAME' },
    devlinks: { from: '/run/udev/data, S:' },
    parent: { from: 'nearest folder above that is a device' },
    parentWwnn: { from: 'the document' },
    parentWwpn: { from: 'the document' },
    parentFabricWwn: { from: 'the document' },
    driver: { from: 'driver' },
  },
  system: {
    product: { from: '/sys/class/dmi/id/product_name' },
    hardware: {
      vendor: { from: '/sys/class/dmi/id/sys_vendor' },
      version: { from: '/sys/class/dmi/id/product_version' },
      serial: { from: '/sys/class/dmi/id/product_serial' },
      uuid: { from: '/sys/class/dmi/id/product_uuid' },
    },
    firmware: {
      vendor: { from: '/sys/class/dmi/id/bios_vendor' },
      version: { from: '/sys/class/dmi/id/bios_version' },
      releaseDate: { from: '/sys/class/dmi/id/bios_date' },
    },
  },
  pci: {
    class: { from: 'class' },
    domain: name,
    bus: name,
    slot: name,
    function: name,
    product: identified('device', 'pci.ids'),
    vendor: identified('vendor', 'pci.ids'),
    physicalFunction: {
      domain: { from: 'physfn' },
      bus: { from: 'physfn' },
      slot: { from: 'physfn' },
      function: { from: 'physfn' },
    },
    virtualFunctions: { maxCount: { from: 'sriov_totalvfs' }, addresses: { from: 'virtfn*' } },
    pciBridge: config('header type'),
    cardbusBridge: config('header type'),
    mdevTypes,
    vpd: { from: 'vpd' },
    iommuGroup: { number: { from: 'iommu_group' }, addresses: { from: 'iommu_group/devices' } },
    numaNode: { from: 'numa_node' },
    pciExpress: {
      capability: {
        port: config('link capabilities'),
        speed: { ...config('link capabilities'), unit: 'GT/s' },
        width: { ...config('link capabilities'), unit: 'lanes' },
      },
      status: {
        speed: { ...config('link status'), unit: 'GT/s' },
        width: { ...config('link status'), unit: 'lanes' },
      },
    },
  },
  usb_device: {
    bus: name,
    device: { from: 'devnum' },
    port: name,
    serial: { from: 'serial' },
    product: identified('idProduct', 'usb.ids, else product'),
    vendor: identified('idVendor', 'usb.ids, else manufacturer'),
  },
  usb: {
    number: { from: 'bInterfaceNumber' },
    class: { from: 'bInterfaceClass' },
    subclass: { from: 'bInterfaceSubClass' },
    protocol: { from: 'bInterfaceProtocol' },
    description: { from: 'the document' },
  },
  net: {
    interface: { from: 'uevent, INTERFACE' },
    address: { from: 'address' },
    link: { state: { from: 'operstate' }, speed: { from: 'speed', unit: 'Mb/s' } },
    features: { from: 'ethtool --json -k; devlink -j dev eswitch show' },
    subtype: { from: 'uevent, DEVTYPE' },
    type: { from: 'uevent, DEVTYPE' },
    lower: { from: 'lower_*' },
  },
  scsi_host: {
    host: name,
    uniqueId: { from: '/sys/class/scsi_host/…/unique_id' },
    fcHost: {
      wwnn: { from: '/sys/class/fc_host/…/node_name' },
      wwpn: { from: '/sys/class/fc_host/…/port_name' },
      fabricWwn: { from: '/sys/class/fc_host/…/fabric_name' },
    },
    vportOps: {
      maxVports: { from: '/sys/class/fc_host/…/max_npiv_vports' },
      vports: { from: '/sys/class/fc_host/…/npiv_vports_inuse' },
    },
  },
  scsi_target: {
    target: name,
    fcRemotePort: { rport: { from: 'folder above' }, wwpn: { from: '/sys/class/fc_remote_ports/…/port_name' } },
  },
  scsi: { host: name, bus: name, target: name, lun: name, type: { from: 'type' } },
  storage: {
    block: { from: 'uevent, DEVNAME' },
    bus: { from: '/run/udev/data, ID_BUS' },
    driveType: { from: '/run/udev/data, ID_TYPE' },
    model: { from: 'device/model' },
    vendor: { from: 'device/vendor' },
    serial: { from: '/run/udev/data, ID_SERIAL' },
    wwid: { from: 'wwid, else device/wwid' },
    removable: {
      mediaAvailable: { from: '/run/udev/data, ID_CDROM_MEDIA' },
      mediaSize: { from: 'size, in 512-byte units', unit: 'bytes' },
      mediaLabel: { from: '/run/udev/data, ID_FS_LABEL' },
      ...geometry,
    },
    size: { from: 'size, in 512-byte units', unit: 'bytes' },
    ...geometry,
    hotpluggable: { from: 'the document' },
  },
  scsi_generic: { char: { from: 'uevent, DEVNAME' } },
  drm: { type: { from: 'uevent, MINOR' } },
  mdev_types: { types: mdevTypes },
  mdev: {
    type: { from: 'mdev_type' },
    uuid: name,
    parentAddress: { from: 'folder above' },
    iommuGroup: { from: 'iommu_group' },
    attributes: { from: 'mdevctl list --dumpjson' },
  },
  ccw: { ...channel, groupDevice: { from: 'group_device' } },
  ccwgroup: {
    state: { from: 'online' },
    ...channel,
    members: { from: 'cdev*' },
    qeth: { cardType: { from: 'card_type' }, chpid: { from: 'chpid' } },
  },
  css: { ...channel, channelDevice: { from: 'dev_busid' }, mdevTypes },
  vdpa: { chardev: { from: 'vhost-vdpa-*' } },
  ap_card: { adapter: name },
  ap_queue: { adapter: name, domain: name },
  ap_matrix: { mdevTypes },
  sound: { card: { from: 'number' }, id: { from: 'id' } },
  input: {
    label: { from: 'name' },
    uses: { from: '/run/udev/data, ID_INPUT_*' },
    port: { from: 'phys' },
    serial: { from: 'uniq' },
    product: identified('id/product', 'the document'),
    vendor: identified('id/vendor', 'the document'),
  },
}

const isSource = (value: ValueSource | Sources): value is ValueSource => typeof value.from === 'string'

/**
 * Where a value comes from: `valueSource('storage', 'removable.mediaSize')`. The kind `device` stands for what all
 * devices have. `undefined` for what is not known here.
 */
export function valueSource(kind: string, path: string): ValueSource | undefined {
  let at: ValueSource | Sources | undefined = Object.hasOwn(sources, kind) ? sources[kind] : undefined
  for (const step of path.replaceAll(/\[\d+\]/g, '').split('.')) {
    if (at === undefined || isSource(at)) return at
    // what no table knows, kept as it came
    if (step === 'other') return { from: 'the document' }
    at = Object.hasOwn(at, step) ? at[step] : undefined
  }
  return at && isSource(at) ? at : undefined
}
