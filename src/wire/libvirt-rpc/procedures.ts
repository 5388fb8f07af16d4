// Table: the procedures of libvirt's remote protocol
import {
  array,
  bool,
  int,
  optional,
  struct,
  uhyper,
  uint,
  type XdrFields,
  type XdrStruct,
  type XdrType,
} from '../xdr.js'
import { chars, domain, names, nodeDevice, optionalText, text, uuid } from './remote-types.js'

/** A procedure of the remote protocol: what it takes and what it answers. */
export interface Procedure<A, R> {
  /** Its number in program 0x20008086, version 1. */
  readonly number: number
  /** The first libvirt that has it, where it is not in all that speak this protocol. */
  readonly since: string | undefined
  readonly args: XdrType<A>
  readonly result: XdrType<R>
}

function call<A extends XdrFields, R extends XdrFields>(
  number: number,
  args: A,
  result: R,
  since?: string,
): Procedure<XdrStruct<A>, XdrStruct<R>> {
  return { number, since, args: struct(args), result: struct(result) }
}

const flags = uint
const nothing = {}

/**
 * Every procedure this library calls, under its name in libvirt's src/remote/remote_protocol.x (REMOTE_PROC_…), where
 * arguments and results are found too. Those of node devices are all there are.
 */
export const procedures = {
  connectOpen: call(1, { name: optionalText, flags }, nothing),
  connectClose: call(2, nothing, nothing),
  connectGetType: call(3, nothing, { type: text }),
  connectGetVersion: call(4, nothing, { hvVer: uhyper }),
  connectGetCapabilities: call(7, nothing, { capabilities: text }),
  connectGetHostname: call(59, nothing, { hostname: text }),
  connectSupportsFeature: call(60, { feature: int }, { supported: bool }),
  authList: call(66, nothing, { types: array(int, 20) }),
  authSaslInit: call(67, nothing, { mechlist: text }),
  authSaslStart: call(68, { mech: text, nil: bool, data: chars }, { complete: bool, nil: bool, data: chars }),
  authSaslStep: call(69, { nil: bool, data: chars }, { complete: bool, nil: bool, data: chars }),
  authPolkit: call(70, nothing, { complete: bool }),
  connectGetUri: call(110, nothing, { uri: text }),
  connectGetLibVersion: call(157, nothing, { libVer: uhyper }),
  connectRegisterCloseCallback: call(360, nothing, nothing, '1.3.2'),
  connectUnregisterCloseCallback: call(361, nothing, nothing, '1.3.2'),

  nodeNumOfDevices: call(111, { cap: optionalText, flags }, { num: int }),
  nodeListDevices: call(112, { cap: optionalText, maxnames: int, flags }, { names }),
  nodeDeviceLookupByName: call(113, { name: text }, { dev: nodeDevice }),
  nodeDeviceGetXmlDesc: call(114, { name: text, flags }, { xml: text }),
  nodeDeviceGetParent: call(115, { name: text }, { parent: optionalText }),
  nodeDeviceNumOfCaps: call(116, { name: text }, { num: int }),
  nodeDeviceListCaps: call(117, { name: text, maxnames: int }, { names }),
  nodeDeviceDettach: call(118, { name: text }, nothing),
  nodeDeviceReAttach: call(119, { name: text }, nothing),
  nodeDeviceReset: call(120, { name: text }, nothing),
  nodeDeviceCreateXml: call(123, { xmlDesc: text, flags }, { dev: nodeDevice }),
  nodeDeviceDestroy: call(124, { name: text }, nothing),
  connectListAllNodeDevices: call(
    285,
    { needResults: bool, flags },
    { devices: array(nodeDevice, 65536), ret: uint },
    '0.10.2',
  ),
  nodeDeviceLookupScsiHostByWwn: call(297, { wwnn: text, wwpn: text, flags }, { dev: nodeDevice }, '1.0.3'),
  nodeDeviceDetachFlags: call(301, { name: text, driverName: optionalText, flags }, nothing, '1.0.5'),
  connectNodeDeviceEventRegisterAny: call(
    374,
    { eventId: int, about: optional(nodeDevice) },
    { callbackId: int },
    '2.2.0',
  ),
  connectNodeDeviceEventDeregisterAny: call(375, { callbackId: int }, nothing, '2.2.0'),
  nodeDeviceDefineXml: call(428, { xmlDesc: text, flags }, { dev: nodeDevice }, '7.3.0'),
  nodeDeviceUndefine: call(429, { name: text, flags }, nothing, '7.3.0'),
  nodeDeviceCreate: call(430, { name: text, flags }, nothing, '7.3.0'),
  nodeDeviceGetAutostart: call(433, { name: text }, { autostart: bool }, '7.8.0'),
  nodeDeviceSetAutostart: call(434, { name: text, autostart: bool }, nothing, '7.8.0'),
  nodeDeviceIsPersistent: call(435, { name: text }, { persistent: bool }, '7.8.0'),
  nodeDeviceIsActive: call(436, { name: text }, { active: bool }, '7.8.0'),
  /** From go-libvirt, for libvirt 10.1; unverified against a daemon. */
  nodeDeviceUpdate: call(447, { name: text, xmlDesc: text, flags }, nothing, '10.1.0'),

  domainCreateXml: call(10, { xmlDesc: text, flags }, { dom: domain }),
  domainDestroy: call(12, { dom: domain }, nothing),
  domainShutdown: call(33, { dom: domain }, nothing),
  domainGetXmlDesc: call(14, { dom: domain, flags }, { xml: text }),
  domainLookupById: call(22, { id: int }, { dom: domain }),
  domainLookupByName: call(23, { name: text }, { dom: domain }),
  domainLookupByUuid: call(24, { uuid }, { dom: domain }),
  domainIsActive: call(150, { dom: domain }, { active: bool }),
  domainIsPersistent: call(151, { dom: domain }, { persistent: bool }),
  domainAttachDeviceFlags: call(160, { dom: domain, xml: text, flags }, nothing),
  domainDetachDeviceFlags: call(161, { dom: domain, xml: text, flags }, nothing),
  domainUpdateDeviceFlags: call(174, { dom: domain, xml: text, flags }, nothing),
  domainCreateWithFlags: call(196, { dom: domain, flags }, { dom: domain }),
  domainGetState: call(212, { dom: domain, flags }, { state: int, reason: int }),
  domainUndefineFlags: call(231, { dom: domain, flags }, nothing, '0.9.4'),
  connectListAllDomains: call(
    273,
    { needResults: bool, flags },
    { domains: array(domain, 16384), ret: uint },
    '0.9.13',
  ),
  connectDomainEventCallbackRegisterAny: call(
    316,
    { eventId: int, about: optional(domain) },
    { callbackId: int },
    '1.2.1',
  ),
  connectDomainEventCallbackDeregisterAny: call(317, { callbackId: int }, nothing, '1.2.1'),
  domainDefineXmlFlags: call(350, { xml: text, flags }, { dom: domain }, '1.2.12'),
} as const

/** The name of a procedure in {@link procedures}. */
export type ProcedureName = keyof typeof procedures

/** What a procedure takes. */
export type ArgsOf<P extends ProcedureName> = (typeof procedures)[P] extends Procedure<infer A, infer _> ? A : never

/** What a procedure answers. */
export type ResultOf<P extends ProcedureName> = (typeof procedures)[P] extends Procedure<infer _, infer R> ? R : never
