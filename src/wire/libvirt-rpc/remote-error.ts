import { getSystemErrorName } from 'node:util'
import { errorDomains, VirtError } from '../../errors.js'
import { decode, type XdrValue } from '../xdr.js'
import { type Procedure, type ProcedureName, procedures } from './procedures.js'
import { remoteError } from './remote-types.js'

type RemoteError = XdrValue<typeof remoteError>

const systemError = VirtError.numbers.system
const rpcError = VirtError.numbers.rpc

/** The failure that a libvirtd answered a call with, all its fields kept. */
export function readRemoteError(body: Buffer, name: ProcedureName): VirtError {
  const error = decode(remoteError, body)
  const { code: number, domain: errorDomain, level, dom, str1, str2, str3, int1, int2 } = error
  const procedure: Procedure<unknown, unknown> = procedures[name]
  if (isUnknownProcedure(error))
    return new VirtError(
      'unsupported',
      `${name} is unknown to this libvirtd: it takes ${procedure.since ?? 'a newer libvirt'} or newer`,
      { errorDomain },
    )
  return new VirtError(VirtError.codeOf(number) ?? 'operation-failed', error.message ?? `${name} failed`, {
    number,
    errorDomain,
    ...(dom === undefined ? {} : { domain: dom.name }),
    ...(number === systemError && int1 > 0 ? { errno: getSystemErrorName(-int1) } : {}),
    libvirt: { level, strings: [str1, str2, str3], integers: [int1, int2] },
  })
}

/** What an older daemon says to a procedure it does not have has no number of its own. */
const isUnknownProcedure = ({ code, domain, message }: RemoteError): boolean =>
  code === rpcError && domain === errorDomains.rpc && message?.startsWith('unknown procedure') === true
