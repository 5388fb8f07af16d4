import { type HostdevDef, hostdev, type NodeDeviceDef, nodeDevice, type UsbControllerDef } from '../../src/index.js'
import { describeHostdev, isHostDevice, sameHostDevice } from '../../src/model/hostdev-match.js'
import { usbController } from '../../src/model/usb-controller.js'
import type { EventName } from '../../src/wire/libvirt-rpc/events.js'
import { parseXml } from '../../src/xml/parse.js'
import { type Handlers, RemoteFailure, type RpcServer, rpcServer } from './rpc-server.js'

interface Guest {
  readonly name: string
  readonly uuid: string
  id: number
  live: Devices
  stored: Devices
}

interface Devices {
  hostdevs: HostdevDef[]
  controllers: UsbControllerDef[]
}

/** A libvirtd with guests, that a test can stir. */
export interface PlayedGuests extends RpcServer {
  stop(name: string): void
  start(name: string): void
}

const flag = { live: 1, config: 2 } as const
const xmlInactive = 2
const lifecycle = { started: 2, stopped: 5 } as const

/**
 * Plays the QEMU driver of a libvirtd as far as host devices need it: guests, running and stopped, whose hostdevs and
 * USB controllers come and go, live and stored apart; errors with libvirt's numbers (qemu_hotplug.c, virhostdev.c).
 */
export async function playedGuests(devices: readonly NodeDeviceDef[]): Promise<PlayedGuests> {
  const guest = (name: string, number: number, id: number): Guest => ({
    name,
    uuid: `6695eb01-f6a4-8304-79aa-97f2502e193${number}`,
    id,
    live: { hostdevs: [], controllers: [] },
    stored: { hostdevs: [], controllers: [{ index: 0, model: 'qemu-xhci' }] },
  })
  const guests = new Map([guest('off', 0, -1), guest('on', 1, 1)].map((each) => [each.name, each]))
  const callbacks = new Map<number, number>()
  let nextCallback = 0
  let nextId = 2

  const remote = ({ name, uuid, id }: Guest) => ({ name, uuid, id })
  const find = (is: (guest: Guest) => boolean): Guest => {
    const found = [...guests.values()].find(is)
    if (!found) throw new RemoteFailure(42, 10, 'Domain not found')
    return found
  }
  const named = (dom: { name: string }) => find(({ name }) => name === dom.name)
  const tell = <E extends EventName>(event: E, eventId: number, of: Guest, rest: object) => {
    for (const [callbackId, id] of callbacks)
      if (id === eventId) server.emit(event, { callbackId, dom: remote(of), ...rest } as never)
  }

  /** The definitions that a change is for (`virDomainObjUpdateModificationImpact`). */
  const affected = (of: Guest, flags: number): Devices[] => {
    const running = of.id >= 0
    if (flags & flag.live && !running)
      throw new RemoteFailure(55, 10, 'Requested operation is not valid: domain is not running')
    if (flags === 0) return [running ? of.live : of.stored]
    return [...(flags & flag.config ? [of.stored] : []), ...(flags & flag.live ? [of.live] : [])]
  }

  const onHost = (def: HostdevDef): HostdevDef => {
    const found = devices.filter((device) => isHostDevice(device, def))
    if (found.length === 0) throw new RemoteFailure(1, 10, `internal error: Did not find ${describeHostdev(def)}`)
    const [usb] = found[0]?.capabilities ?? []
    if (def.kind !== 'usb' || usb?.kind !== 'usb_device') return def
    return { ...def, source: { ...def.source, address: { bus: usb.bus, device: usb.device } } }
  }
  const free = (taken: readonly unknown[], from: number, make: (number: number) => string): string => {
    for (let number = from; ; number++) if (!taken.includes(make(number))) return make(number)
  }
  const placed = (def: HostdevDef, others: readonly HostdevDef[]): HostdevDef => {
    if (def.kind !== 'usb') return def
    const usb = others.filter((each) => each.kind === 'usb')
    const port = free(
      usb.map(({ address }) => (address?.kind === 'usb' ? address.port : undefined)),
      1,
      String,
    )
    return { ...def, address: def.address ?? { kind: 'usb', bus: 0, port } }
  }
  const withAlias = (def: HostdevDef, others: readonly HostdevDef[]): HostdevDef => {
    const aliases = others.map((each) => ('alias' in each ? each.alias : undefined))
    return 'alias' in def || def.kind === 'other'
      ? def
      : { ...def, alias: free(aliases, 0, (number) => `hostdev${number}`) }
  }

  function attach(of: Guest, def: HostdevDef, flags: number): void {
    for (const { hostdevs } of affected(of, flags))
      if (hostdevs.some((each) => sameHostDevice(each, def)))
        throw new RemoteFailure(9, 10, `operation failed: target ${describeHostdev(def)} already exists`)
    // the guest first: what it cannot have is not stored (qemuDomainAttachDeviceLiveAndConfig)
    for (const where of affected(of, flags).reverse()) {
      const made = placed(where === of.live ? onHost(def) : def, where.hostdevs)
      where.hostdevs.push(where === of.live ? withAlias(made, where.hostdevs) : made)
    }
    const [added] = of.live.hostdevs.filter((each) => sameHostDevice(each, def))
    if (added && affected(of, flags).includes(of.live))
      tell('domainDeviceAdded', 19, of, { devAlias: 'alias' in added ? added.alias : '' })
  }

  function detach(of: Guest, def: HostdevDef, flags: number): void {
    const found = affected(of, flags).map((where) => {
      const there = where.hostdevs.find((each) => sameHostDevice(each, def))
      if (!there) throw new RemoteFailure(99, 10, `device not found: host ${describeHostdev(def)} not found`)
      return { where, there }
    })
    for (const { where, there } of found) {
      const release = () => {
        where.hostdevs = where.hostdevs.filter((each) => each !== there)
        if (where === of.live) tell('domainDeviceRemoved', 15, of, { devAlias: 'alias' in there ? there.alias : '' })
      }
      // a guest that runs lets go some time after the call has answered
      if (where === of.live) setTimeout(release, 5)
      else release()
    }
  }

  function changeController(of: Guest, def: UsbControllerDef, flags: number, adds: boolean): void {
    for (const where of affected(of, flags)) {
      const indexes = where.controllers.map(({ index }) => index)
      if (adds)
        where.controllers.push({ index: Number(free(indexes.map(String), 0, String)), model: 'qemu-xhci', ...def })
      else where.controllers = where.controllers.filter(({ index }) => index !== def.index)
    }
  }

  const change = (verb: 'attach' | 'detach') => (args: { dom: { name: string }; xml: string; flags: number }) => {
    const of = named(args.dom)
    if (parseXml(args.xml).name === 'controller')
      changeController(of, usbController.parse(args.xml), args.flags, verb === 'attach')
    else if (verb === 'attach') attach(of, hostdev.parse(args.xml), args.flags)
    else detach(of, hostdev.parse(args.xml), args.flags)
    return {}
  }

  const device = (name: string): NodeDeviceDef => {
    const found = devices.find((each) => each.name === name)
    if (!found) throw new RemoteFailure(53, 22, `Node device not found: no node device with matching name '${name}'`)
    return found
  }

  const stop = (name: string): void => {
    const of = named({ name })
    Object.assign(of, { id: -1, live: { hostdevs: [], controllers: [] } })
    tell('domainLifecycle', 0, of, { event: lifecycle.stopped, detail: 0 })
  }

  const handlers: Handlers = {
    connectGetUri: () => ({ uri: 'qemu:///system' }),
    connectGetLibVersion: () => ({ libVer: 9_000_000 }),
    nodeListDevices: () => ({ names: devices.map(({ name }) => name) }),
    nodeDeviceLookupByName: ({ name }) => ({ dev: { name: device(name).name } }),
    nodeDeviceGetXmlDesc: ({ name }) => ({ xml: nodeDevice.format(device(name)) }),
    connectListAllDomains: () => ({ domains: [...guests.values()].map(remote), ret: guests.size }),
    domainLookupByName: (args) => ({ dom: remote(named(args)) }),
    domainLookupByUuid: (args) => ({ dom: remote(find(({ uuid }) => uuid === args.uuid)) }),
    domainGetState: ({ dom }) => ({ state: named(dom).id < 0 ? 5 : 1, reason: 0 }),
    domainGetXmlDesc({ dom, flags }) {
      const of = named(dom)
      const { hostdevs, controllers } = of.id < 0 || flags & xmlInactive ? of.stored : of.live
      const parts = [
        ...hostdevs.map((each) => hostdev.format(each)),
        ...controllers.map((each) => usbController.format(each)),
      ]
      return { xml: `<domain type='kvm'><name>${of.name}</name><devices>${parts.join('')}</devices></domain>` }
    },
    domainShutdown({ dom }) {
      stop(dom.name)
      return {}
    },
    domainAttachDeviceFlags: change('attach'),
    domainDetachDeviceFlags: change('detach'),
    connectDomainEventCallbackRegisterAny({ eventId }) {
      callbacks.set(nextCallback, eventId)
      return { callbackId: nextCallback++ }
    },
    connectDomainEventCallbackDeregisterAny({ callbackId }) {
      callbacks.delete(callbackId)
      return {}
    },
  }
  const server = await rpcServer(handlers)
  return {
    ...server,
    stop,
    start(name) {
      const of = named({ name })
      Object.assign(of, { id: nextId++, live: structuredClone(of.stored) })
      tell('domainLifecycle', 0, of, { event: lifecycle.started, detail: 0 })
    },
  }
}
