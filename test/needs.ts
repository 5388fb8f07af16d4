import { describe, it } from 'vitest'

/**
 * Suites and tests that need something of the machine. Where it is not there they are skipped, and their title says
 * why: `libvirtd / lists the same devices (skipped: no libvirtd is installed)`.
 *
 * ```ts
 * const live = needs(inject('absent').libvirtd)
 * live.describe('libvirtd', () => { … })
 * ```
 *
 * @param reason - why it has to be skipped, as the end of a sentence; `undefined` where nothing is missing.
 * @param met - whether what is needed is there; by default, when no reason is given.
 */
export function needs(reason: string | undefined, met: boolean = reason === undefined) {
  const titled = (title: string): string => (met ? title : `${title} (skipped: ${reason})`)
  return {
    describe: (title: string, body: () => void) => describe.skipIf(!met)(titled(title), body),
    it: (title: string, body: () => void | Promise<void>) => it.skipIf(!met)(titled(title), body),
  }
}
