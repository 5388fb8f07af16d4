import { QmpFailure, type QmpServer, qmpServer } from './qmp-server.js'

type Value = string | number | boolean
type Props = Record<string, Value>

interface FakeDevice {
  readonly type: string
  readonly bus: string
  readonly props: Props
}

/** What a played QEMU is made of. */
export interface QemuParts {
  readonly name?: string
  readonly uuid?: string
  /** The state that `query-status` tells; `running` unless told. */
  readonly status?: string
  readonly rootPorts?: number
  /** Ports of its xHCI controller; none for a guest without one. */
  readonly usbPorts?: number
  readonly chardevs?: readonly object[]
}

/**
 * Plays a QEMU on a q35 machine: its object model, devices that come and go on its buses, and how a guest behaves that
 * is asked to let go of one. The words are QEMU's (7.2), as the lab has recorded them.
 */
export class FakeQemu implements AsyncDisposable {
  readonly devices = new Map<string, FakeDevice>()
  /** Commands that change something, in order. */
  readonly log: string[] = []
  /** How the guest answers when it is asked for a device. */
  unplug: 'at once' | 'never' | 'refuses' = 'at once'
  status: string
  /** What `device_add` is refused with. */
  refuses: string | undefined
  #server!: QmpServer
  readonly #nodes: Props[] = []

  private constructor(parts: QemuParts) {
    this.status = parts.status ?? 'running'
    for (let port = 1; port <= (parts.rootPorts ?? 2); port++)
      this.devices.set(`rp${port}`, { type: 'pcie-root-port', bus: 'pcie.0', props: { addr: port * 8 } })
    const { usbPorts: ports = 4 } = parts
    if (ports > 0)
      this.devices.set('usb', { type: 'qemu-xhci', bus: 'pcie.0', props: { addr: 128, p2: ports, p3: ports } })
    this.devices.set('scsi0', { type: 'virtio-scsi-pci', bus: 'pcie.0', props: { addr: 136 } })
  }

  static async start(parts: QemuParts = {}): Promise<FakeQemu> {
    const qemu = new FakeQemu(parts)
    qemu.#server = await qmpServer({
      'query-name': () => (parts.name === undefined ? {} : { name: parts.name }),
      'query-uuid': () => ({ UUID: parts.uuid ?? '00000000-0000-0000-0000-000000000000' }),
      'query-status': () => ({ status: qemu.status, running: qemu.status === 'running', singlestep: false }),
      'query-chardev': () => parts.chardevs ?? [{ label: 'compat_monitor0', filename: 'unix:/x,server=on' }],
      'query-named-block-nodes': () =>
        qemu.#nodes.map((node) => ({
          drv: node.driver,
          // what no file name says QEMU says in JSON
          file: node.filename ?? `json:${JSON.stringify(wordsOf(node))}`,
          ro: node['read-only'],
          'node-name': node['node-name'],
        })),
      'human-monitor-command': () => '',
      'qom-list': ({ path }) => qemu.#list(String(path)),
      'qom-get': ({ path, property }) => qemu.#get(String(path), String(property)),
      device_add: (args) => qemu.#add(args as Props),
      device_del: ({ id }) => qemu.#del(String(id)),
      'blockdev-add': (args) => {
        qemu.log.push(`blockdev-add ${args['node-name']}`)
        if (qemu.#nodes.some((node) => node['node-name'] === args['node-name']))
          throw new QmpFailure('GenericError', 'Duplicate nodes with node-name')
        qemu.#nodes.push(args as Props)
        return {}
      },
      'blockdev-del': (args) => {
        qemu.log.push(`blockdev-del ${args['node-name']}`)
        const at = qemu.#nodes.findIndex((node) => node['node-name'] === args['node-name'])
        if (at < 0) throw new QmpFailure('GenericError', `Failed to find node with node-name='${args['node-name']}'`)
        qemu.#nodes.splice(at, 1)
        return {}
      },
    })
    return qemu
  }

  get path(): string {
    return this.#server.path
  }

  /** QEMU ends, and another begins at the same socket, with none of the devices that came while it ran. */
  restart(): void {
    for (const [id, { type }] of this.devices)
      if (['usb-host', 'vfio-pci', 'scsi-generic'].includes(type)) this.devices.delete(id)
    for (const socket of this.#server.sockets) socket.destroy()
  }

  /** The guest lets go of a device that it was asked for. */
  letGo(id: string): void {
    this.devices.delete(id)
    this.#server.emit('DEVICE_DELETED', { path: `/machine/peripheral/${id}` })
    this.#server.emit('DEVICE_DELETED', { device: id, path: `/machine/peripheral/${id}` })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]()
  }

  #busOf(id: string): [name: string, type: string] | undefined {
    const type = this.devices.get(id)?.type
    if (type === 'pcie-root-port') return [id, 'PCIE']
    if (type === 'qemu-xhci') return [`${id}.0`, 'usb-bus']
    return undefined
  }

  #busPath(bus: string): string {
    if (bus === 'pcie.0') return '/machine/q35/pcie.0'
    if (bus === 'scsi0.0') return '/machine/peripheral/scsi0/virtio-backend/scsi0.0'
    const owner = bus.replace(/\.0$/, '')
    return `/machine/peripheral/${owner}/${bus}`
  }

  #list(path: string): object[] {
    const child = (name: string, type: string) => ({ name, type: `child<${type}>` })
    if (path === '/machine') return [child('q35', 'q35-pcihost'), child('peripheral', 'container')]
    if (path === '/machine/peripheral') return Array.from(this.devices, ([id, { type }]) => child(id, type))
    if (path === '/machine/peripheral-anon') return [{ name: 'type', type: 'string' }]
    const [, id = '', rest] = /^\/machine\/peripheral\/([^/]+)(?:\/(.+))?$/.exec(path) ?? []
    const device = this.devices.get(id)
    if (device && rest === undefined) {
      const bus = this.#busOf(id)
      if (device.type === 'virtio-scsi-pci') return [child('virtio-backend', 'virtio-scsi-device')]
      return [...Object.keys(device.props).map((name) => ({ name, type: 'str' })), ...(bus ? [child(...bus)] : [])]
    }
    if (device && rest === 'virtio-backend') return [child(`${id}.0`, 'SCSI')]
    const on = this.#on(path)
    if (on) return on.map(([, { type }], index) => ({ name: `child[${index}]`, type: `link<${type}>` }))
    throw new QmpFailure('DeviceNotFound', `Device '${path}' not found`)
  }

  /** What is on the bus at a path. */
  #on(path: string): [string, FakeDevice][] | undefined {
    const bus = path.slice(path.lastIndexOf('/') + 1)
    if (this.#busPath(bus) !== path) return undefined
    return [...this.devices].filter(([, device]) => device.bus === bus)
  }

  #get(path: string, property: string): unknown {
    const index = /^child\[(\d+)\]$/.exec(property)?.[1]
    if (index !== undefined) return `/machine/peripheral/${this.#on(path)?.[Number(index)]?.[0]}`
    const device = this.devices.get(path.slice(path.lastIndexOf('/') + 1))
    if (!device) throw new QmpFailure('DeviceNotFound', `Device '${path}' not found`)
    if (property === 'parent_bus') return this.#busPath(device.bus)
    return device.props[property] ?? unset[property] ?? ''
  }

  #add({ driver, id, bus, addr, ...props }: Props): object {
    this.log.push(`device_add ${driver} ${id}`)
    if (this.refuses !== undefined) throw new QmpFailure('GenericError', this.refuses)
    if (this.devices.has(String(id))) throw new QmpFailure('GenericError', `Duplicate device ID '${id}'`)
    const at = String(bus ?? 'pcie.0')
    if (at === 'pcie.0') throw new QmpFailure('GenericError', "Bus 'pcie.0' does not support hotplugging")
    const number = addr === undefined ? {} : { addr: Number.parseInt(String(addr), 16) * 8 }
    this.devices.set(String(id), { type: String(driver), bus: at, props: { ...props, ...number } })
    return {}
  }

  #del(id: string): object {
    this.log.push(`device_del ${id}`)
    if (!this.devices.has(id)) throw new QmpFailure('DeviceNotFound', `Device '${id}' not found`)
    if (this.unplug === 'at once') setTimeout(() => this.letGo(id), 5)
    if (this.unplug === 'refuses')
      setTimeout(
        () => this.#server.emit('DEVICE_UNPLUG_GUEST_ERROR', { device: id, path: `/machine/peripheral/${id}` }),
        5,
      )
    return {}
  }
}

/** What QEMU answers for numbers and switches that were never given. */
const unset: Props = {
  bootindex: -1,
  rombar: 1,
  hostbus: 0,
  hostaddr: 0,
  vendorid: 0,
  productid: 0,
  'guest-reset': true,
  multifunction: false,
  'acpi-index': 0,
}

const wordsOf = ({ 'node-name': _, 'read-only': __, ...words }: Props): Props => words
