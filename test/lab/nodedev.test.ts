import { beforeAll, describe, expect, inject, it } from 'vitest'
import { needs } from '../needs.js'
import { machine } from './boot.js'
import { exceptions, withoutExceptions } from './exceptions.js'
import { countByCapability, documents, firstDifference, parent } from './nodedev-xml.js'

const lab = machine('lab')
const virsh = 'virsh -q -c qemu:///system'

needs(inject('absentMachine')).describe('node devices of the lab host', () => {
  let theirs: Map<string, string>
  let ours: Map<string, string>

  beforeAll(async () => {
    await lab.run('lab-virt && lab-libvirtd', { timeout: 150_000 })
    const commands = `${virsh} nodedev-list | sed 's/.*/nodedev-dumpxml &/'`
    theirs = documents(await lab.run(`${commands} | ${virsh}`, { timeout: 150_000 }))
    ours = documents(await lab.run('hostdev dumpxml --all --compat', { timeout: 150_000 }))
  }, 480_000)

  it('are as many as the lab is built to have', () => {
    expect(theirs.size).toBeGreaterThan(790)
  })

  it('have the names that libvirtd gives them', () => {
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort())
  })

  it('have the parents that libvirtd gives them', () => {
    const parents = (devices: Map<string, string>) => Array.from(devices, ([name, xml]) => `${name} < ${parent(xml)}`)
    expect(parents(ours).sort()).toEqual(parents(theirs).sort())
  })

  it('are as many of each capability as libvirtd has', () => {
    const [their, our] = [countByCapability(theirs), countByCapability(ours)]
    const all = [...new Set([...their.keys(), ...our.keys()])].sort()
    console.table(
      Object.fromEntries(all.map((one) => [one, { libvirtd: their.get(one) ?? 0, hostdev: our.get(one) ?? 0 }])),
    )
    expect(Object.fromEntries(our)).toEqual(Object.fromEntries(their))
  })

  it('have the XML that libvirtd writes, byte for byte but for the listed exceptions', () => {
    const differences: string[] = []
    for (const [name, xml] of theirs) {
      const found = firstDifference(withoutExceptions(name, xml), withoutExceptions(name, ours.get(name) ?? ''))
      if (found !== undefined) differences.push(`${name}: ${found}`)
    }
    expect(differences).toEqual([])
  })

  describe.each(exceptions)('the exception for $device', ({ device, text }) => {
    it('is still needed', () => {
      expect([...theirs].some(([name, xml]) => device.test(name) && text.test(xml))).toBe(true)
    })
  })
})
