// Reads a snapshot from standard input in a process of its own, and says how that ended and what memory it took.

import { readFileSync } from 'node:fs'
import { VirtError } from '../../src/index.js'
import { fromSnapshot } from '../../src/mock.js'

const bytes = readFileSync(0)
const code = await fromSnapshot(bytes).then(
  () => 'read',
  (error: unknown) => (VirtError.is(error) ? error.code : String(error)),
)
process.stdout.write(JSON.stringify({ code, megabytes: process.resourceUsage().maxRSS / 1000 }))
