/**
 * What can go wrong, and the number libvirt gives it (`virErrorNumber`, libvirt/virterror.h).
 * Codes that libvirt does not have take the number of its nearest relative.
 */
const numbers = {
  internal: 1,
  unsupported: 3,
  'no-connection': 5,
  'invalid-argument': 8,
  'operation-failed': 9,
  'xml-syntax': 35,
  'xml-invalid': 27,
  'read-only': 29,
  system: 38,
  rpc: 39,
  'no-domain': 42,
  'auth-failed': 45,
  'invalid-object': 52,
  'no-node-device': 53,
  'operation-invalid': 55,
  'config-unsupported': 67,
  timeout: 68,
  'argument-unsupported': 74,
  'operation-unsupported': 84,
  'resource-busy': 87,
  'access-denied': 88,
  'xml-invalid-schema': 92,
  'device-missing': 99,
  ambiguous: 9,
  'no-schema': 1,
  'limit-exceeded': 27,
} as const

/** A stable name for one kind of failure; programs tell failures apart by it. */
export type ErrorCode = keyof typeof numbers

/** The part of libvirt an error is said to come from (`virErrorDomain`, libvirt/virterror.h). */
export const errorDomains = {
  none: 0,
  xml: 5,
  domain: 6,
  rpc: 7,
  conf: 9,
  xen: 1,
  qemu: 10,
  nodedev: 22,
  uri: 45,
} as const

/** Facts about a failure, for programs; the message is for people. */
export interface ErrorDetails {
  /** The node device it is about. */
  device?: string
  /** The guest it is about. */
  domain?: string
  /** The backend that was asked. */
  backend?: string
  /** A file of the host, or where in an XML document: `/device/capability[@type='pci']/bus`. */
  path?: string
  /** Line of the XML document or file, counted from 1. */
  line?: number
  /** The command that was run. */
  argv?: readonly string[]
  /** Exit status of that command. */
  exitStatus?: number
  /** What that command said on standard error: the end of it, where that is long. */
  stderr?: string
  /** The class of a QMP error. */
  qmpClass?: string
  /** The errno name that the kernel or a daemon gave: `ENOENT`. */
  errno?: string
  /** What could have been meant. */
  candidates?: readonly string[]
  /** libvirt's number, where a libvirtd answered with one that has no code here. */
  number?: number
  /** libvirt's error domain (`virErrorDomain`); 22, node devices, unless told. */
  errorDomain?: number
  /** The rest of the `virError` that a libvirtd sent: its level, `str1` to `str3` and `int1`, `int2`. */
  libvirt?: {
    readonly level: number
    readonly strings: readonly (string | undefined)[]
    readonly integers: readonly number[]
  }
  /** The failure behind this one. */
  cause?: unknown
}

const brand = Symbol.for('hostdev.VirtError')

/**
 * The only class this library throws. Tell cases apart by {@link VirtError.code}.
 *
 * A message is one sentence: the object first, then what is wrong, then the remedy.
 * It answers to libvirt's `virError`.
 */
export class VirtError extends Error {
  override readonly name = 'VirtError'
  /** libvirt's number (`virErrorNumber`). */
  readonly number: number
  /** libvirt's domain (`virErrorDomain`). */
  readonly domain: number

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Readonly<ErrorDetails> = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.number = details.number ?? numbers[code]
    this.domain = details.errorDomain ?? errorDomains.nodedev
    Object.defineProperty(this, brand, { value: true })
  }

  /**
   * True for this library's errors, also those of its other build (ESM or CommonJS), where `instanceof` is false.
   * With codes: true only for one of them.
   */
  static is<C extends ErrorCode = ErrorCode>(error: unknown, ...codes: C[]): error is VirtError & { readonly code: C } {
    if (!(error instanceof Error) || !(brand in error)) return false
    return codes.length === 0 || (codes as string[]).includes((error as unknown as VirtError).code)
  }

  /** The code that stands for a number of libvirt's; `undefined` for one that has none here. */
  static codeOf(number: number): ErrorCode | undefined {
    return (Object.keys(numbers) as ErrorCode[]).find((code) => numbers[code] === number)
  }

  /** Every code with its number, for the page of the documentation that lists them. */
  static readonly numbers: Readonly<Record<ErrorCode, number>> = numbers
}

/**
 * What is to be thrown when something has failed, and taking back what was done before it has failed too.
 *
 * @param consequence - says of the second failure's message what remains
 */
export function notTakenBack(error: unknown, failure: unknown, consequence: (message: string) => string): unknown {
  if (!VirtError.is(error) || !VirtError.is(failure)) return failure
  const message = `${error.message}; and ${consequence(failure.message)}`
  return new VirtError(error.code, message, { ...error.details, cause: error })
}
