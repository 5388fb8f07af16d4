/**
 * Calls of libvirt's protocol beside python3-libvirt, which is libvirt's own client in C, on the same libvirtd.
 * `npm run bench:daemons -- libvirt-rpc [URI] [DEVICE]`
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { connectUnix } from '../src/os/socket.js'
import { openConnection } from '../src/wire/libvirt-rpc/open.js'
import { compare } from './compare.js'

const [uri = 'qemu:///system', name = 'computer', socket = '/run/libvirt/libvirt-sock'] = process.argv.slice(2)
const client = await openConnection(await connectUnix(socket), { uri })
const python = spawn('/usr/bin/python3', ['bench/libvirt-rpc.py', uri, name], { stdio: ['pipe', 'pipe', 'inherit'] })
const answers = createInterface(python.stdout)[Symbol.asyncIterator]()

const theirs = async (loop: string, count: number) => {
  python.stdin.write(`${loop} ${count}\n`)
  await answers.next()
}

async function ours(call: () => Promise<unknown>, count: number, atOnce = 1): Promise<void> {
  let left = count
  const caller = async () => {
    while (left-- > 0) await call()
  }
  await Promise.all(Array.from({ length: atOnce }, caller))
}

const xml = () => client.call('nodeDeviceGetXmlDesc', { name, flags: 0 })
const names = () => client.call('nodeListDevices', { cap: undefined, maxnames: 65536, flags: 0 })
const devices = (await names()).names.length

await compare('XMLDesc a second', 4000, [
  { name: 'python3-libvirt, one at a time', run: () => theirs('xml', 4000) },
  { name: 'hostdev, one at a time', run: () => ours(xml, 4000) },
  { name: 'hostdev, five in flight', run: () => ours(xml, 4000, 5) },
])
await compare(`lists of ${devices} names a second`, 200, [
  { name: 'python3-libvirt', run: () => theirs('names', 200) },
  { name: 'hostdev', run: () => ours(names, 200) },
])
python.stdin.end()
client.close()
