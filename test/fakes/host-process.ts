// A process of its own that changes a made-up host in a folder: the crash tests kill it, the race tests run two.
import { createInterface } from 'node:readline'
import { VirtError } from '../../src/errors.js'
import { claim } from '../../src/manager/claim.js'
import { detach } from '../../src/manager/detach.js'
import { readPciFunction } from '../../src/manager/pci-function.js'
import { folderHost, Lifetime } from './folder-host.js'
import { defOf, workOn } from './host-works.js'

const [folder = '', work = '', at = '0'] = process.argv.slice(2)

/** For each line on standard input, tries to get the device for the guest that the line names. */
async function race(): Promise<void> {
  const { managed } = folderHost(folder)
  for await (const domain of createInterface({ input: process.stdin })) {
    const device = readPciFunction(managed.files, '0000:02:00.0')
    try {
      await detach(managed, await defOf(managed, device.name), {})
      await claim(managed, device, { driver: 'QEMU', domain })
      console.log('won')
    } catch (error) {
      console.log(VirtError.is(error) ? `${error.code}: ${error.message}` : String(error))
    }
  }
}

if (work === 'race') await race()
else {
  const life = new Lifetime(Number(at), () => process.kill(process.pid, 'SIGKILL'))
  await workOn(folder, work, life)
  console.log(life.points)
}
