import { connect } from '../../src/index.js'
import { libvirt } from '../../src/libvirt.js'
import type { ChangingHost } from './device-changes.js'

const vport = `<device>
  <parent>scsi_host1</parent>
  <capability type='scsi_host'>
    <capability type='fc_host'><wwnn>2000000066666666</wwnn><wwpn>1000000066666666</wwpn></capability>
  </capability>
</device>`

/** libvirt's test driver, real or played, for the suite of devices that change: its virtual ports come and go. */
export const testDriverHost = (uri: string): ChangingHost => ({
  open: () => libvirt({ uri }),
  coming: { name: 'scsi_host12', capability: 'scsi_host' },
  async plug() {
    await using conn = await connect(uri)
    await conn.createNodeDevice(vport)
  },
  async unplug() {
    await using conn = await connect(uri)
    await (await conn.lookupNodeDevice('scsi_host12')).destroy()
  },
  lacks: { detach: "libvirt's test driver changes no drivers" },
})
