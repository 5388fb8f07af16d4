import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Guests } from '../../src/manager/guests.js'

/**
 * A guest that several processes see: what it has stands in a folder. Its hypervisor has a point
 * before and after each change.
 */
export function folderGuest(folder: string, point: () => void = () => {}): Guests & { ends(): void } {
  const file = join(folder, 'guest')
  return {
    has: async () => existsSync(file),
    async give() {
      point()
      writeFileSync(file, '')
      point()
    },
    async take() {
      point()
      rmSync(file)
      point()
    },
    ends: () => rmSync(file, { force: true }),
  }
}
