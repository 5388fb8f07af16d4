/**
 * Runs in the lab: hands over what is made first: a virtual function, targets of the kernel's SCSI server.
 * Prints as JSON what it saw on the way.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/index.js'
import { changed, folder, kill, log, pci, round, start } from './qemu-guests.js'

for (const module of ['vfio-pci', 'vfio_iommu_type1', 'vhost_scsi', 'iscsi_target_mod'])
  execFileSync('modprobe', [module])

const servers = '/sys/kernel/config/target'

/**
 * Makes a target of the kernel's SCSI server (LIO) with a disk in memory, and answers its portal group; lab-clean takes
 * it away. Each folder is a level that the one above has to be there for.
 */
function makeTarget(fabric: string, name: string): string {
  const disk = `${servers}/core/rd_mcp_0/${fabric}`
  mkdirSync(disk, { recursive: true })
  writeFileSync(`${disk}/control`, 'rd_pages=256')
  writeFileSync(`${disk}/enable`, '1')
  const group = `${servers}/${fabric}/${name}/tpgt_1`
  const unit = `${group}/lun/lun_0`
  for (const folder of [`${servers}/${fabric}`, `${servers}/${fabric}/${name}`, group, unit])
    if (!existsSync(folder)) mkdirSync(folder)
  symlinkSync(disk, `${unit}/disk`)
  return group
}

await start('one')
await using conn = await connect(`qemu+qmp://${folder}`)
while ((await conn.listDomains()).length < 1) await sleep(500)
const one = await conn.lookupDomain('one')

log('virtual functions')
const card = '/sys/bus/pci/devices/0000:05:00.0'
const functions = Number(readFileSync(`${card}/sriov_numvfs`, 'utf8'))
// the driver of NVMe would try these functions in its own time, and give up: QEMU gives them no queues
writeFileSync(`${card}/sriov_drivers_autoprobe`, '0')
const nvme = await conn.lookupNodeDevice('pci_0000_05_00_0')
await nvme.setVirtualFunctions(2)
const vf = await round(one, 'a virtual function', pci(5, 0, 1))
await nvme.setVirtualFunctions(functions)
writeFileSync(`${card}/sriov_drivers_autoprobe`, '1')

log('targets of the SCSI server')
const wwpn = 'naa.600140554cf3a18e'
writeFileSync(`${makeTarget('vhost', wwpn)}/nexus`, 'naa.5001405aaaaaaaaa')
const target = await round(one, 'a target for guests', {
  kind: 'scsi_host',
  managed: false,
  source: { protocol: 'vhost', wwpn },
})

const iqn = 'iqn.2026-11.org.example:lab'
const group = makeTarget('iscsi', iqn)
const open = { authentication: 0, demo_mode_write_protect: 0, generate_node_acls: 1, cache_dynamic_acls: 1 }
for (const [name, value] of Object.entries(open)) writeFileSync(`${group}/attrib/${name}`, String(value))
mkdirSync(`${group}/np/127.0.0.1:3260`)
writeFileSync(`${group}/enable`, '1')
const iscsi = await round(one, 'an iSCSI target', {
  kind: 'scsi',
  managed: false,
  source: { kind: 'iscsi', name: `${iqn}/0`, hosts: [{ name: '127.0.0.1', port: 3260 }] },
})

await kill('one')
log('done')

const kinds = { rounds: [vf, target, iscsi], changed: await changed() }
console.log(JSON.stringify(kinds))
process.exit(0)

/** What is printed. */
export type QemuKinds = typeof kinds
