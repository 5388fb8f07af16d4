import type { QmpClient } from '../../wire/qmp/client.js'
import { type Bus, childrenOf } from './buses.js'
import { properties, property, propertyOfEach } from './qom.js'

/** How many ports the controllers of each type have, where they do not say it (hw/usb/hcd-*.c). */
const portCounts: Readonly<Record<string, number>> = {
  'usb-ehci': 6,
  'ich9-usb-ehci1': 6,
  'ich9-usb-ehci2': 6,
  'piix3-usb-uhci': 2,
  'piix4-usb-uhci': 2,
  'ich9-usb-uhci1': 2,
  'ich9-usb-uhci2': 2,
  'ich9-usb-uhci3': 2,
}

/**
 * A port of a USB bus: that which is wanted, or the first that is free; `undefined` when there is none, `unknown` for a
 * controller whose number of ports is not known, which QEMU has to choose from.
 */
export async function freeUsbPort(
  qemu: QmpClient,
  bus: Bus,
  wanted: string | undefined,
): Promise<string | 'unknown' | undefined> {
  const [count, used] = await Promise.all([countPorts(qemu, bus), usedPorts(qemu, bus)])
  if (wanted !== undefined) return used.has(wanted) ? undefined : wanted
  if (count === undefined) return 'unknown'
  const ports = Array.from({ length: count }, (_, index) => String(index + 1))
  return ports.find((port) => !used.has(port))
}

async function countPorts(qemu: QmpClient, { owner = '', ownerPath = '' }: Bus): Promise<number | undefined> {
  if (owner.endsWith('-xhci')) {
    const { p2, p3 } = await properties(qemu, ownerPath, ['p2', 'p3'])
    return Math.max(Number(p2), Number(p3))
  }
  if (owner === 'pci-ohci') return Number(await property(qemu, ownerPath, 'num-ports'))
  return portCounts[owner]
}

/** A line of `info usb`: `  Device 0.1, Port 2, Speed 480 Mb/s, Product Hub, ID: hub0`. */
const line = /^ *Device \d+\.\d+, Port ([\d.]+),.*?(?:, ID: (.*))?$/

/**
 * Ports in use. A device that was given no port does not say where it is; only the words for people do, by its id, and
 * of those without an id not on which bus: they count on every one.
 */
async function usedPorts(qemu: QmpClient, bus: Bus): Promise<Set<string>> {
  const children = await childrenOf(qemu, bus)
  const ports = (await propertyOfEach(qemu, children, 'port')).map(String)
  const used = new Set(ports.filter(Boolean))
  if (ports.every(Boolean)) return used
  const ids = children.map((path) => path.slice(path.lastIndexOf('/') + 1))
  const listed = String(await qemu.execute('human-monitor-command', { 'command-line': 'info usb' }))
  for (const [, port, id] of listed.split(/\r?\n/).flatMap((text) => [line.exec(text) ?? []]))
    if (port !== undefined && (id === undefined || ids.includes(id))) used.add(port)
  return used
}
