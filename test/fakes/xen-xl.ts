import { removeWithEmptyParents } from '../../src/backends/xen/device-state.js'
import { type UsbWords, usbHandOver } from '../../src/backends/xen/usb-hand-over.js'
import { usbNumbersOf } from '../../src/backends/xen/usb-host.js'
import { readControllers } from '../../src/backends/xen/usb-store.js'
import { VirtError } from '../../src/errors.js'
import type { CommandOutput, RunCommand } from '../../src/os/command.js'
import type { XenstoreClient } from '../../src/wire/xenstore/client.js'
import type { StoreView } from '../../src/wire/xenstore/view.js'
import type { FakeKernel } from './kernel.js'

const drivers = '/sys/bus/pci/drivers'

/** A file of the played host's that names the functions Xen has given to nobody. */
const quarantine = '/xen/quarantine'

/**
 * Plays `xl pci-…` of Xen 4.17, on a played kernel and any xenstore; what it says was recorded on a real dom0. What it
 * knows stands in the kernel's tree and in xenstore, so that another process can go on with it.
 */
export class PlayedXl {
  /** The commands that it says it has. */
  help = ' pci-attach          Insert a new pass-through pci device\n'
  /** What was asked of it. */
  readonly log: string[] = []
  /** Fails the next `pci-attach`, as for a guest that was started without passthrough. */
  withoutPassthrough = false
  /** Fails `pci-attach` of this function so. */
  failsAt = ''
  /** Is killed in the middle of a `pci-attach`. */
  dies = false
  /** Whether the guest's driver is there, so that pciback tells where it sees its devices. */
  guestAnswers = true
  /** The number that xl gives the next USB controller; the one after the last that it lists unless told. */
  nextController: number | undefined
  /** Called before each change. */
  before: () => void = () => {}

  constructor(
    readonly store: XenstoreClient,
    readonly kernel: FakeKernel,
    readonly others: RunCommand,
  ) {}

  /** The functions that are in Xen's quarantine. */
  quarantined(): string[] {
    const bytes = this.kernel.tree.bytes(quarantine)
    return 'errno' in bytes ? [] : new TextDecoder().decode(bytes).split('\n').filter(Boolean)
  }

  #quarantine(address: string, isIn: boolean): boolean {
    const now = this.quarantined()
    const others = now.filter((each) => each !== address)
    this.kernel.tree.set(quarantine, [...others, ...(isIn ? [address] : [])].join('\n'))
    return others.length !== now.length
  }

  readonly run: RunCommand = async (argv, options): Promise<CommandOutput> => {
    const [program, verb = '', ...args] = argv
    if (program !== 'xl') return await this.kernel.run(argv)
    if (verb === 'help') return { stdout: this.help, stderr: '' }
    if (!/^(?:pci|usb)/.test(verb)) return await this.others(argv, options)
    this.log.push(argv.slice(1).join(' '))
    this.before()
    const said = await this.#play(verb, args)
    this.before()
    if (said.length === 0) return { stdout: '', stderr: '' }
    const stderr = said.map((line) => `libxl: error: ${line}`).join('\n')
    throw new VirtError('operation-failed', `xl ended with status 1: ${stderr}`, { argv, exitStatus: 1, stderr })
  }

  async #play(verb: string, args: readonly string[]): Promise<string[]> {
    if (verb.startsWith('usb')) return await this.#usb(verb, args)
    const address = args.at(-1)?.replace(/[@,].*$/, '') ?? ''
    if (verb === 'pci-assignable-add') return await this.#assignable(address)
    if (verb === 'pci-assignable-remove') return await this.#unassignable(address, args.includes('-r'))
    return verb === 'pci-attach'
      ? await this.#attach(args[0] ?? '', address, args[1] ?? '')
      : await this.#detach(args[0] ?? '', address)
  }

  /**
   * What xl writes of USB devices is what we write (test/lab/xen/usb.test.ts), but it numbers
   * controllers in its own way.
   */
  async #usb(verb: string, [domain = '', ...args]: readonly string[]): Promise<string[]> {
    const { tree: files } = this.kernel
    const monitor = async () => await Promise.reject(new Error('no device model is played'))
    const native = usbHandOver({ store: this.store, files, run: this.others, monitor, patience: 2000 })
    const user = { driver: 'xenlight', domain, at: `/local/domain/${domain}` }
    const controllers = await readControllers(this.store, Number(domain))
    const words = Object.fromEntries(args.map((arg) => arg.split('=')))
    const mark = '/tool/played-xl'
    const give = async (what: Omit<UsbWords, 'mark'>) => {
      try {
        await native.give(user, { key: '', name: '' }, { mark, ...what } satisfies UsbWords, {})
      } finally {
        await this.store.remove(mark)
      }
    }
    const take = async (key: string) => await native.take(user, { key, name: key }, undefined, {})
    const [index, port] = args.map(Number)
    switch (verb) {
      case 'usbctrl-attach': {
        const [version, ports] = [Number(words.version) as 1 | 2 | 3, Number(words.ports)]
        const number = this.nextController ?? (controllers.at(-1)?.index ?? -1) + 1
        await give({ controllers: [{ type: words.type, version, ports, index: number }], devices: [] })
        return []
      }
      case 'usbctrl-detach':
        await take(`vusb-${domain}-${index}`)
        return []
      case 'usbdev-attach': {
        const names = files.list('/sys/bus/usb/devices') as string[]
        const isMeant = (busId: string) => {
          const { bus, device } = usbNumbersOf(files, busId)
          return bus === Number(words.hostbus) && device === Number(words.hostaddr)
        }
        const place = { controller: Number(words.controller), port: Number(words.port) }
        await give({ controllers: [], devices: [{ busId: names.find(isMeant) ?? '', place, drivers: [] }] })
        return []
      }
      default:
        await take(`usb-${controllers.find((each) => each.index === index)?.devices.get(port ?? 0)}`)
        return []
    }
  }

  async #assignable(address: string): Promise<string[]> {
    const driver = this.kernel.driverOf('pci', address)
    if (driver !== 'pciback') {
      if (driver !== null) {
        await this.kernel.write(`${drivers}/${driver}/unbind`, address)
        await this.store.write(`${memory(address)}/driver_path`, `${drivers}/${driver}`)
      }
      await this.kernel.write(`${drivers}/pciback/new_slot`, address)
      await this.kernel.write(`${drivers}/pciback/bind`, address)
    }
    this.#quarantine(address, true)
    return []
  }

  async #unassignable(address: string, rebind: boolean): Promise<string[]> {
    if (!this.#quarantine(address, false))
      return [`libxl_pci.c:906:libxl__device_pci_assignable_remove: failed to de-quarantine ${address}`]
    await this.kernel.write(`${drivers}/pciback/unbind`, address)
    await this.kernel.write(`${drivers}/pciback/remove_slot`, address)
    const former = await this.store.read(`${memory(address)}/driver_path`)
    if (!rebind || former === undefined) return []
    await this.kernel.write(`${former}/bind`, address)
    await this.store.remove(`${memory(address)}/driver_path`)
    return []
  }

  async #attach(domain: string, address: string, spec: string): Promise<string[]> {
    const holder = `${memory(address)}/domid`
    const failed = async (first: string) => {
      await this.store.remove(holder)
      return [
        first,
        `libxl_pci.c:1809:device_pci_add_done: Domain ${domain}:libxl__device_pci_add failed for PCI device ${address} (rc -3)`,
        'libxl_device.c:1486:device_addrm_aocomplete: unable to add device',
      ]
    }
    if (this.kernel.driverOf('pci', address) !== 'pciback' || (await this.store.read(holder)) !== undefined)
      return await failed(
        `libxl_pci.c:1677:libxl__device_pci_add: Domain ${domain}:PCI device ${address} is not assignable`,
      )
    if (this.withoutPassthrough || address === this.failsAt)
      return await failed(
        `libxl_pci.c:1530:pci_add_dm_done: Domain ${domain}:xc_assign_device failed: Operation not supported`,
      )
    await this.store.write(holder, domain)
    if (this.dies) return ['Killed']
    const backend = backendOf(domain)
    const permissive = spec.includes('permissive=1') ? 1 : 0
    const values = {
      key: address,
      dev: address,
      opts: `msitranslate=0,power_mgmt=0,permissive=${permissive},rdm_policy=strict`,
      state: '3',
    }
    this.#quarantine(address, false)
    await this.store.transaction(async (view) => {
      const at = Number((await view.read(`${backend}/num_devs`)) ?? 0)
      for (const [key, value] of Object.entries(values)) await view.write(`${backend}/${key}-${at}`, value)
      if (this.guestAnswers) await view.write(`${backend}/vdev-${at}`, await freePlace(view, backend, at, address))
      await view.write(`${backend}/num_devs`, String(at + 1))
      await view.write(`${backend}/state`, '4')
    })
    return []
  }

  async #detach(domain: string, address: string): Promise<string[]> {
    const backend = backendOf(domain)
    const count = Number((await this.store.read(`${backend}/num_devs`)) ?? 0)
    const devices = await Promise.all(Array.from({ length: count }, (_, at) => this.store.read(`${backend}/dev-${at}`)))
    const found = devices.indexOf(address)
    if (found < 0)
      return [
        `libxl_pci.c:1969:do_pci_remove: Domain ${domain}:PCI device not attached to this domain`,
        'libxl_device.c:1486:device_addrm_aocomplete: unable to remove device',
      ]
    this.#quarantine(address, true)
    await this.store.transaction(async (view) => {
      for (const key of ['key', 'dev', 'opts', 'state', 'vdev']) {
        for (let at = found; at < count - 1; at++)
          await view.write(`${backend}/${key}-${at}`, (await view.read(`${backend}/${key}-${at + 1}`)) ?? '')
        await view.remove(`${backend}/${key}-${count - 1}`)
      }
      if (count > 1) await view.write(`${backend}/num_devs`, String(count - 1))
      else await removeWithEmptyParents(view, backend)
    })
    await this.store.remove(`${memory(address)}/domid`)
    return []
  }
}

/** Where pciback lets a guest see a function: functions of a card share a slot (drivers/xen/xen-pciback/vpci.c). */
async function freePlace(view: StoreView, backend: string, count: number, address: string): Promise<string> {
  const slots = new Map<string, string>()
  for (let at = 0; at < count; at++) {
    const [dev = '', vdev = ''] = await Promise.all([
      view.read(`${backend}/dev-${at}`),
      view.read(`${backend}/vdev-${at}`),
    ])
    slots.set(dev.slice(0, -2), vdev.slice(8, 10))
  }
  const free = Array.from({ length: 32 }, (_, slot) => slot.toString(16).padStart(2, '0'))
  const slot = slots.get(address.slice(0, -2)) ?? free.find((each) => ![...slots.values()].includes(each))
  return `0000:00:${slot}.0${address.at(-1)}`
}

const memory = (address: string): string => `/libxl/pci/${address.replaceAll(/[:.]/g, '-')}`
const backendOf = (domain: string): string => `/local/domain/0/backend/pci/${domain}/0`
