import { inject } from 'vitest'
import { boot, machine } from '../boot.js'

/** What Xen can do with the machine that it runs on, of which the lab has the one or the other: words of `xl info`. */
export type Capability = 'directio' | 'hvm'

/**
 * Has a Xen run for a suite: with an IOMMU, or with hardware assistance for HVM guests, or whichever there is. One that
 * a suite before has booted is stopped for another; one that was running when the tests began is left as it is.
 *
 * @returns why there is none, as `needs` wants it
 */
export async function dom0With(capability?: Capability): Promise<string | undefined> {
  const absent = inject('absentXen')
  if (absent !== undefined) return absent
  const xen = machine('xen')
  if (xen.running) {
    if (capability === undefined) return undefined
    const can = (await xen.run('xl info virt_caps', { timeout: 600_000 })).split(/\s+/)
    if (can.includes(capability)) return undefined
    if (inject('foundRunning'))
      return `the machine that runs was started ${capability === 'hvm' ? 'with' : 'without'} --iommu`
    await xen.stop()
  }
  await boot('xen', { iommu: capability === 'directio' })
  return undefined
}
