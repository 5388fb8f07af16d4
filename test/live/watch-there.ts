/** Runs where a test puts it: says `ready`, then what becomes of one interface, and ends when that has gone. */
import { connect } from '../../src/index.js'

await using conn = await connect('linux:///', { readOnly: true })
await using events = await conn.watchNodeDevices({ capability: 'net' })
process.stdout.write('ready\n')
for await (const { kind, device } of events) {
  if (!device.startsWith('net_hdwthere_') || !['created', 'deleted'].includes(kind)) continue
  process.stdout.write(`${kind}\n`)
  if (kind === 'deleted') break
}
