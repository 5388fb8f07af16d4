import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { needs } from '../../needs.js'
import { machine } from '../boot.js'
import { dom0With } from './dom0.js'
import { startGuest } from './guest.js'

const xen = machine('xen')
/** Minutes, where others keep the machine busy. */
const timeout = 600_000
const lines = Array.from({ length: 100_000 }, (_, line) => `${line + 1}\n`).join('')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

needs(await dom0With()).describe('dom0', () => {
  it('hands over long output without losing a character', async () => {
    expect(sha256(await xen.run('seq 100000', { timeout }))).toBe(sha256(lines))
  })

  it('takes long scripts without losing a character', async () => {
    expect(await xen.run(`sha256sum <<'END'\n${lines}END`, { timeout })).toBe(`${sha256(lines)}  -\n`)
  })

  it('is driven by xl and by libvirtd', async () => {
    expect(await xen.run('xl list 0', { timeout })).toMatch(/^Domain-0 +0 /m)
    expect(await xen.run('lab-libvirtd && virsh -c xen:///system list', { timeout })).toMatch(
      /^ 0 +Domain-0 +running$/m,
    )
  })

  it('runs the command', async () => {
    expect(await xen.run('hostdev --version', { timeout })).toMatch(/^\d+\.\d+\.\d+$/m)
  })

  describe('with a guest', () => {
    beforeAll(() => startGuest(xen, 'pvusb'), 2 * timeout)

    it('gives it a USB disk and takes it back', async () => {
      const address =
        "lsusb -d 46f4:0001 | sed -n '1s/Bus 0*\\([0-9]*\\) Device 0*\\([0-9]*\\):.*/hostbus=\\1 hostaddr=\\2/p'"
      await xen.run(`xl usbdev-attach pvusb $(${address}) && lab-guest-says pvusb 'added usb 1-1 46f4:0001'`, {
        timeout,
      })
      await xen.run("xl usbdev-detach pvusb 0 1 && lab-guest-says pvusb 'removed usb 1-1 46f4:0001'", { timeout })
    })
  })
})
