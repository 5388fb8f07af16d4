import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type RawServer, rawServer } from './raw-server.js'

type Message = Record<string, unknown> & { id?: unknown; execute?: string; arguments?: Record<string, unknown> }

/** Devices of QEMU's own in place of host devices, by their drivers: what a guest sees of them comes and goes alike. */
const ordinary = { 'usb-host': 'usb-mouse', 'vfio-pci': 'virtio-rng-pci' }
/** Where a device is, which its stand-in knows. */
const placed = ['id', 'bus', 'addr', 'port', 'multifunction']
const unset: Readonly<Record<string, unknown>> = { rombar: 1, bootindex: -1, 'guest-reset': true }

/**
 * Gives a real QEMU the hardware that the machine lacks: stands between it and its client, and puts a device of QEMU's
 * own in the place of each host device. All else, buses and ports, ids, events and refusals, is QEMU's own.
 *
 * @param others - stand-ins by the drivers of host devices, beside the ordinary ones
 */
export async function qemuHardware(
  target: () => string,
  others: Readonly<Record<string, string>> = {},
): Promise<RawServer> {
  const standIns: Readonly<Record<string, string>> = { ...ordinary, ...others }
  const given = new Map<string, Record<string, unknown>>()

  /** What QEMU is told in place of a message; `undefined` for one that is answered here. */
  function toQemu(message: Message, answer: (value: unknown) => void): Message | undefined {
    const { execute, arguments: args = {} } = message
    if (execute === 'device_add') {
      const { driver, ...props } = args
      const standIn = standIns[String(driver)]
      if (standIn === undefined) return message
      given.set(String(props.id), args)
      const rest = Object.entries(props).filter(([name]) => placed.includes(name))
      return { ...message, arguments: { driver: standIn, ...Object.fromEntries(rest) } }
    }
    const id = String(args.path ?? '').replace('/machine/peripheral/', '')
    const property = String(args.property)
    const props = execute === 'qom-get' ? given.get(id) : undefined
    if (!props || [...placed, 'parent_bus'].includes(property)) return message
    answer(props[property] ?? unset[property] ?? '')
    return undefined
  }

  /** QEMU's list of devices, with the host devices in it. */
  const fromQemu = (message: Message): Message =>
    Array.isArray(message.return)
      ? { ...message, return: message.return.map((member) => named(member as { name?: string; type?: string })) }
      : message

  const named = (member: { name?: string; type?: string }) => {
    const props = given.get(member.name ?? '')
    return props && member.type?.startsWith('child<') ? { ...member, type: `child<${props.driver}>` } : member
  }

  return await rawServer((client: Socket) => {
    const qemu = connect(target())
    const end = () => {
      client.destroy()
      qemu.destroy()
    }
    for (const side of [client, qemu]) side.on('close', end).on('error', end)
    const say = (side: Socket, message: Message) => side.write(`${JSON.stringify(message)}\n`)
    // a reader of lines passes the errors of its stream on
    const lines = (side: Socket) => createInterface(side).on('error', end)
    lines(qemu).on('line', (line) => say(client, fromQemu(JSON.parse(line))))
    lines(client).on('line', (line) => {
      const message: Message = JSON.parse(line)
      const told = toQemu(message, (value) => say(client, { return: value, id: message.id }))
      if (told) say(qemu, told)
    })
  })
}
