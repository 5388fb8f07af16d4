import { int, struct, type XdrFields, type XdrStruct, type XdrType } from '../xdr.js'
import type { ArgsOf } from './procedures.js'
import { domain, nodeDevice, text } from './remote-types.js'

type Register = 'connectNodeDeviceEventRegisterAny' | 'connectDomainEventCallbackRegisterAny'
type Deregister = 'connectNodeDeviceEventDeregisterAny' | 'connectDomainEventCallbackDeregisterAny'

/** A kind of event of the remote protocol: how it is asked for and what it says. */
export interface EventKind<M, R extends Register = Register> {
  /** The number of its message, in the same program as the procedures. */
  readonly number: number
  /** libvirt's number for this kind, `virNodeDeviceEventID` or `virDomainEventID`. */
  readonly eventId: number
  readonly register: R
  readonly deregister: Deregister
  readonly message: XdrType<M>
}

const nodeDeviceEvents = {
  register: 'connectNodeDeviceEventRegisterAny',
  deregister: 'connectNodeDeviceEventDeregisterAny',
} as const
const domainEvents = {
  register: 'connectDomainEventCallbackRegisterAny',
  deregister: 'connectDomainEventCallbackDeregisterAny',
} as const

/** Every event message begins with the number its subscription was given. */
function event<M extends XdrFields, R extends Register>(
  number: number,
  procedures: { readonly register: R; readonly deregister: Deregister },
  eventId: number,
  message: M,
): EventKind<XdrStruct<M & { callbackId: typeof int }>, R> {
  const withCallback = struct<M & { callbackId: typeof int }>({ callbackId: int, ...message })
  return { number, eventId, ...procedures, message: withCallback }
}

const aboutDomain = { dom: domain, devAlias: text }

/** The events this library can subscribe to; libvirt's src/remote/remote_protocol.x has their numbers and fields. */
export const events = {
  /** `event`: created 0, deleted 1, defined 2, undefined 3 (`virNodeDeviceEventLifecycleType`); `detail` is 0. */
  nodeDeviceLifecycle: event(376, nodeDeviceEvents, 0, { dev: nodeDevice, event: int, detail: int }),
  nodeDeviceUpdate: event(377, nodeDeviceEvents, 1, { dev: nodeDevice }),
  /** `event` and `detail` as in `virDomainEventType` and its details. */
  domainLifecycle: event(318, domainEvents, 0, { dom: domain, event: int, detail: int }),
  domainDeviceRemoved: event(333, domainEvents, 15, aboutDomain),
  domainDeviceAdded: event(354, domainEvents, 19, aboutDomain),
  domainDeviceRemovalFailed: event(367, domainEvents, 22, aboutDomain),
} as const

/** The name of a kind of event in {@link events}. */
export type EventName = keyof typeof events

/** What an event of that kind says. */
export type EventMessage<E extends EventName> = (typeof events)[E] extends EventKind<infer M> ? M : never

/** The one object a subscription can be about; `undefined` for all of them. */
export type EventSubject<E extends EventName> =
  ArgsOf<(typeof events)[E]['register']> extends { about: infer About } ? About : never

/** What a daemon says when the hypervisor behind it goes away; asked for with `connectRegisterCloseCallback`. */
export const connectionClosed = { number: 362, message: struct({ reason: int }) } as const
