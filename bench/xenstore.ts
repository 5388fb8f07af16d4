/**
 * Reads of xenstore, one at a time and 32 in flight, beside a bare loop on the same socket that only counts replies.
 * `npm run bench:daemons -- xenstore SOCKET`
 */
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { encodeMessage, operations } from '../src/wire/xenstore/message.js'
import { openStore } from '../src/wire/xenstore/open.js'
import { compare } from './compare.js'

const path = process.argv[2] ?? '/run/xenstored/socket'
const node = '/hostdev-bench'
const count = 20_000
const store = await openStore({ path })
await store.write(node, 'x'.repeat(16))

async function ours(inFlight: number): Promise<void> {
  let left = count
  const reader = async () => {
    while (left-- > 0) await store.read(node)
  }
  await Promise.all(Array.from({ length: inFlight }, reader))
}

/** Sends a request for each reply; replies are known to have 16 bytes behind a header of 16. */
async function bare(inFlight: number): Promise<void> {
  const request = encodeMessage({
    type: operations.READ,
    requestId: 1,
    transaction: 0,
    payload: Buffer.from(`${node}\0`),
  })
  const socket = createConnection({ path })
  let sent = inFlight
  let received = 0
  socket.on('data', (chunk) => {
    received += chunk.length
    for (const replies = Math.floor(received / 32); sent < Math.min(count, replies + inFlight); sent++)
      socket.write(request)
    if (received >= count * 32) socket.destroy()
  })
  for (let i = 0; i < inFlight; i++) socket.write(request)
  await once(socket, 'close')
}

await compare('reads a second', count, [
  { name: 'bare loop, one at a time', run: () => bare(1) },
  { name: 'hostdev, one at a time', run: () => ours(1) },
])
await compare('reads a second', count, [
  { name: 'bare loop, 32 in flight', run: () => bare(32) },
  { name: 'hostdev, 32 in flight', run: () => ours(32) },
])
await store.remove(node)
store.close()
