import { type ErrorCode, VirtError } from '../../errors.js'
import { parseVzctlVersion, type VzctlVersion } from '../../formats/vzctl-version.js'
import type { RunCommand } from '../../os/command.js'

/** How a vzctl can be asked, and what it can do. */
export interface Vzctl {
  readonly version: VzctlVersion
  /** Whether it gives containers PCI devices; earlier ones than 3.0.24 do not. */
  readonly hasPci: boolean
}

/** What exit statuses mean, as far as they are about devices; of both generations (vzctl(8), vzerror.h). */
const meanings: Readonly<Record<number, readonly [code: ErrorCode, what: string]>> = {
  5: ['unsupported', 'the kernel has no OpenVZ, or lacks what the option needs'],
  9: ['resource-busy', 'another vzctl has the container locked; try again when it has ended'],
  14: ['no-domain', 'the container has no config'],
  20: ['unsupported', 'this vzctl does not know the call'],
  31: ['operation-invalid', 'the container is not running'],
  86: ['operation-failed', 'the device node cannot be given'],
  104: ['operation-failed', 'the interface cannot be moved'],
  130: ['operation-failed', 'the pair of interfaces cannot be changed'],
  136: ['operation-failed', 'the pair of interfaces cannot be changed'],
  147: ['operation-failed', 'the PCI device cannot be given'],
}

/** Milliseconds that vzctl has: 9 waits a minute for a container's private area. */
const limit = 120_000

/** Runs commands and says what vzctl's exit statuses mean. */
export const explaining =
  (run: RunCommand): RunCommand =>
  async (argv, options) => {
    if (argv[0] !== 'vzctl') return await run(argv, options)
    try {
      return await run(argv, { timeout: limit, ...options })
    } catch (error) {
      if (!VirtError.is(error, 'operation-failed')) throw error
      const { exitStatus, stderr = '' } = error.details
      if (exitStatus === undefined)
        throw new VirtError('operation-failed', `${argv.join(' ')}: vzctl crashed; ${error.message}`, {
          ...error.details,
          cause: error,
        })
      const isUnknown = /unrecognized option|unknown option|invalid option/i.test(stderr)
      const [code, what] = isUnknown
        ? (['unsupported', 'this vzctl does not know the option'] as const)
        : (meanings[exitStatus] ?? (['operation-failed', 'it has failed'] as const))
      const said = stderr === '' ? '' : ` (${stderr})`
      throw new VirtError(code, `${argv.join(' ')}: ${what}${said}`, { ...error.details, cause: error })
    }
  }

/** Asks the vzctl of this host what it is; `undefined` when there is none. */
export async function probeVzctl(run: RunCommand, signal?: AbortSignal): Promise<Vzctl | undefined> {
  const options = signal ? { signal } : {}
  try {
    const { stdout } = await run(['vzctl', '--version'], options)
    const version = parseVzctlVersion(stdout)
    if (version) return { version, hasPci: await knowsPci(run, options) }
  } catch (error) {
    if (VirtError.is(error, 'unsupported') && error.details.exitStatus === undefined) return undefined
    throw error
  }
  throw new VirtError('operation-failed', "vzctl --version does not tell a version; is it OpenVZ's vzctl?")
}

/** What it can do it says itself; one that does not is believed to be able to, for it will say so when it cannot. */
async function knowsPci(run: RunCommand, options: { signal?: AbortSignal }): Promise<boolean> {
  try {
    const { stdout, stderr } = await run(['vzctl', '--help'], options)
    return /--pci[_-]add\b/.test(stdout + stderr) || !/--netdev[_-]add\b/.test(stdout + stderr)
  } catch (error) {
    if (VirtError.is(error, 'operation-failed', 'unsupported')) return true
    throw error
  }
}
