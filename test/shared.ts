import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './source-tree.js'

const folder = process.env.HOSTDEV_SHARED ?? join(root, '../shared')

/**
 * A folder with material that is not part of the project (libvirt's own test documents, recorded hosts):
 * `$HOSTDEV_SHARED`, else `shared` beside the project. `undefined` where there is none.
 */
export const shared: string | undefined = existsSync(folder) ? folder : undefined
