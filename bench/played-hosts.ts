/** Plays many libvirtds in one process, for bench/fleet.ts: `node THIS FOLDER HOSTS DEVICES`. */
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { encodeMessage, messageReader, messageTypes, programs } from '../src/wire/libvirt-rpc/message.js'
import { type Procedure, type ProcedureName, procedures, type ResultOf } from '../src/wire/libvirt-rpc/procedures.js'
import { decode, encode } from '../src/wire/xdr.js'

const xmlOf = (name: string, slot: number) => `<device>
  <name>${name}</name>
  <path>/sys/devices/pci0000:00/0000:00:1c.0/0000:02:${slot.toString(16).padStart(2, '0')}.0</path>
  <parent>pci_0000_00_1c_0</parent>
  <driver>
    <name>igb</name>
  </driver>
  <capability type='pci'>
    <class>0x020000</class>
    <domain>0</domain>
    <bus>2</bus>
    <slot>${slot % 32}</slot>
    <function>0</function>
    <product id='0x1533'>I210 Gigabit Network Connection</product>
    <vendor id='0x8086'>Intel Corporation</vendor>
    <iommuGroup number='${slot}'>
      <address domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>
    </iommuGroup>
    <numa node='0'/>
    <pci-express>
      <link validity='cap' port='3' speed='2.5' width='1'/>
      <link validity='sta' speed='2.5' width='1'/>
    </pci-express>
  </capability>
</device>
`

/** Listens on that many sockets, `0` and so on in the folder; says `ready`, and ends with its standard input. */
export async function playHosts(folder: string, hosts: number, devices: number): Promise<void> {
  const names = Array.from({ length: devices }, (_, i) => `pci_0000_02_${i.toString(16).padStart(2, '0')}_0`)
  const body = <P extends ProcedureName>(name: P, result: ResultOf<P>) => {
    const { result: type }: Procedure<unknown, unknown> = procedures[name]
    return encode(type, result)
  }
  // made once: what a host says costs nothing here
  const answers = new Map<number, Buffer>([
    [procedures.authList.number, body('authList', { types: [0] })],
    [procedures.connectSupportsFeature.number, body('connectSupportsFeature', { supported: false })],
    [procedures.connectGetLibVersion.number, body('connectGetLibVersion', { libVer: 9_000_000 })],
    [procedures.nodeListDevices.number, body('nodeListDevices', { names })],
    [
      procedures.connectListAllNodeDevices.number,
      body('connectListAllNodeDevices', { devices: names.map((name) => ({ name })), ret: devices }),
    ],
    [procedures.connectNodeDeviceEventRegisterAny.number, body('connectNodeDeviceEventRegisterAny', { callbackId: 1 })],
  ])
  const xml = new Map(names.map((name, slot) => [name, body('nodeDeviceGetXmlDesc', { xml: xmlOf(name, slot) })]))
  const nothing = Buffer.alloc(0)

  const serve = (socket: Socket) => {
    const messages = messageReader(({ procedure, serial }, asked) => {
      const known =
        procedure === procedures.nodeDeviceGetXmlDesc.number
          ? xml.get(decode(procedures.nodeDeviceGetXmlDesc.args, asked).name)
          : answers.get(procedure)
      const header = { program: programs.remote, procedure, type: messageTypes.reply, serial, status: 0 }
      socket.write(encodeMessage(header, known ?? nothing))
    })
    socket.on('data', (chunk) => messages.push(chunk)).on('error', () => {})
  }
  for (let host = 0; host < hosts; host++)
    await new Promise<void>((resolve) => createServer(serve).listen(join(folder, `${host}`), resolve))
  process.stdout.write('ready\n')
  process.stdin.on('end', () => process.exit()).resume()
}
