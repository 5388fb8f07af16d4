import { beforeAll, describe, expect, inject, it } from 'vitest'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import { type Documents, differences, documents, parent } from './nodedev-xml.js'

const lab = machine('lab')
const virsh = 'virsh -q -c qemu:///system'
// TCG on a busy machine: nothing here is a matter of speed.
const patient = { timeout: 300_000 }

/** What hostdev lists and libvirt 9.0 leaves out; in compat mode hostdev leaves it out too. */
const beyondLibvirt = [
  // libvirt takes no network device with a DEVTYPE but wlan.
  /^net_(bond0|br0|dummy0_100|vxlan1|wg1)(_|$)/,
  // udev gives an SD card no ID_TYPE, without which libvirt takes no disk.
  /^block_mmcblk0_/,
]

const theirXml = async () =>
  documents(await lab.run(`${virsh} nodedev-list | sed 's/.*/nodedev-dumpxml &/' | ${virsh}`, patient))
const ourXml = async () => documents(await lab.run('hostdev dumpxml --all --compat', patient))
const words = (text: string): string[] => text.split(/\s+/).filter(Boolean).sort()
const names = (devices: Documents): string[] => [...devices.keys()].sort()

/** Does something in the guest, and waits until libvirtd's list has stood still for three seconds afterwards. */
async function change(script: string): Promise<void> {
  const list = `${virsh} nodedev-list | cksum`
  await lab.run(
    `${script}\nudevadm settle -t 60; until before=$(${list}); sleep 3; [ "$before" = "$(${list})" ]; do :; done`,
    patient,
  )
}

needs(inject('absentMachine')).describe('node devices of the lab host', () => {
  let theirs: Documents
  let ours: Documents

  beforeAll(async () => {
    await lab.run('lab-virt && lab-libvirtd', patient)
    theirs = await theirXml()
    ours = await ourXml()
  }, 600_000)

  it('are as many as the lab is built to have', () => {
    expect(theirs.size).toBeGreaterThanOrEqual(850)
  })

  it('have the names that libvirtd gives them', () => {
    expect(names(ours)).toEqual(names(theirs))
  })

  it('have the parents that libvirtd gives them', () => {
    const parents = (devices: Documents) => Array.from(devices, ([name, xml]) => `${name} < ${parent(xml)}`).sort()
    expect(parents(ours)).toEqual(parents(theirs))
  })

  it('have the XML that libvirtd writes, byte for byte', () => {
    expect(differences(theirs, ours)).toEqual([])
  })

  it('are found by capability as libvirtd finds them, with those beside that it leaves out', async () => {
    const capabilities = words(
      'system pci usb_device usb net scsi_host scsi_target scsi storage fc_host vports scsi_generic drm mdev_types',
    )
    const table: Record<string, object> = {}
    for (const capability of capabilities) {
      const listed = words(await lab.run(`${virsh} nodedev-list --cap ${capability}`, patient))
      const all = words(await lab.run(`hostdev list --names --cap ${capability}`, patient))
      const beyond = all.filter((name) => beyondLibvirt.some((pattern) => pattern.test(name)))
      table[capability] = { libvirtd: listed.length, hostdev: all.length, 'beyond libvirt': beyond.length }
      expect(all.filter((name) => !beyond.includes(name))).toEqual(listed)
    }
    console.table(table)
  }, 600_000)

  describe('that come and go', () => {
    const mdev = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001'
    const wwns = '2100000000000001:2000000000000001'

    it('are seen as libvirtd sees them: a card, a USB tablet, a mediated device, a vHBA', async () => {
      await lab.hmp('device_add e1000e,bus=rp9,id=card,mac=52:54:00:1a:b0:99')
      await lab.hmp('device_add usb-tablet,bus=ehci.0,port=2,id=tablet')
      await change(`
        echo ${mdev} >/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create
        echo ${wwns} >"$(ls -d /sys/class/fc_host/host*/vport_create | head -1)"`)
      const [their, our] = [await theirXml(), await ourXml()]
      const added = names(their).filter((name) => !theirs.has(name))
      expect(added).toEqual(
        expect.arrayContaining([
          'net_enp13s0_52_54_00_1a_b0_99',
          'pci_0000_0d_00_0',
          expect.stringMatching(/^mdev_83b8f4f2_/),
          expect.stringMatching(/^scsi_host\d+$/),
          expect.stringMatching(/^usb_\d+_2$/),
        ]),
      )
      expect(names(our)).toEqual(names(their))
      // libvirtd keeps what a port's link was when the port came; hostdev looks again.
      expect(differences(their, our)).toEqual([
        "pci_0000_00_11_0: libvirtd <link validity='sta' speed='16' width='32'/>, " +
          "hostdev <link validity='sta' speed='2.5' width='1'/>",
      ])
    }, 600_000)

    it('leave nothing behind', async () => {
      await lab.hmp('device_del card')
      await lab.hmp('device_del tablet')
      await change(`
        echo 1 >/sys/bus/mdev/devices/${mdev}/remove
        echo ${wwns} >"$(ls -d /sys/class/fc_host/host*/vport_delete | head -1)"
        while [ -e /sys/bus/pci/devices/0000:0d:00.0 ]; do sleep 0.5; done`)
      expect(names(await ourXml())).toEqual(names(theirs))
    }, 600_000)
  })
})
