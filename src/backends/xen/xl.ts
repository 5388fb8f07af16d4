import { type ErrorCode, errorDomains, VirtError } from '../../errors.js'
import type { RunCommand } from '../../os/command.js'

/** What xl and libxl 4.17 say when they fail, and what that means; the first that fits counts. */
const meanings: readonly (readonly [said: RegExp, code: ErrorCode, remedy?: string])[] = [
  [
    /privileged command interface|cannot init xl context/,
    'unsupported',
    'is this a dom0, under Xen, and are you root?',
  ],
  [/command not implemented/, 'unsupported', "this host's xl is too old, or built without it"],
  [/invalid domain identifier|unable to get domain type/, 'no-domain'],
  [/malformed (?:BDF|PCI_SPEC_STRING)|Unknown string/, 'invalid-argument'],
  [/Couldn't lstat .*: No such file/, 'device-missing', 'is it on this host?'],
  [/not attached to this domain/, 'device-missing'],
  [/is not assignable/, 'operation-invalid', 'have pciback hold it first, and see that no other guest has it'],
  [/already attached to a domain|already assigned/, 'operation-invalid', 'detach it there first'],
  [
    /xc_assign_device failed: Operation not supported/,
    'operation-unsupported',
    'start the guest with passthrough="enabled" in its xl.cfg',
  ],
  [/failed to quarantine/, 'operation-unsupported', 'has this host an IOMMU that Xen uses?'],
  [/timed? ?out/i, 'timeout', "does the guest's driver run?"],
]

/** What follows from the failure before it, and names no cause. */
const consequence = /unable to (?:add|remove) device|_(?:add|remove) failed\.?|failed for PCI device|_done:/

/**
 * Runs commands such that `xl` fails with a code for what it says; that is many lines, of which the last ones follow
 * from the first.
 *
 * @param patience - milliseconds that libxl gives each step; it takes several of them
 */
export const speakingXl =
  (run: RunCommand, patience: number): RunCommand =>
  async (argv, options) => {
    if (argv[0] !== 'xl') return await run(argv, options)
    try {
      return await run(argv, { timeout: patience * 6, ...options })
    } catch (error) {
      if (!VirtError.is(error, 'operation-failed')) throw error
      const { code, message } = readFailure(error.details.stderr ?? '', argv)
      throw new VirtError(code, message, { ...error.details, errorDomain: errorDomains.xen, cause: error })
    }
  }

function readFailure(stderr: string, argv: readonly string[]): { code: ErrorCode; message: string } {
  const lines = stderr
    .split('\n')
    .filter((line) => !/: (?:debug|warning|notice|info): /.test(line))
    // `libxl: error: libxl_pci.c:1677:libxl__device_pci_add: Domain 5:` is of interest to those who mend libxl
    .map((line) => line.replace(/^libxl: \w+: [\w.]+:\d+:\w+: (?:Domain \d+:)?/, '').trim())
    .filter(Boolean)
  const told = (said: string, remedy?: string): string =>
    `${argv.join(' ')} failed: ${said.slice(0, 300)}${remedy === undefined ? '' : `; ${remedy}`}`
  for (const [said, code, remedy] of meanings) {
    const line = lines.find((each) => said.test(each))
    if (line !== undefined) return { code, message: told(line, remedy) }
  }
  const cause = lines.find((line) => !consequence.test(line)) ?? lines[0] ?? 'it does not say why'
  return { code: 'operation-failed', message: told(cause) }
}

/** Whether there is an xl to be run. */
export async function hasXl(run: RunCommand): Promise<boolean> {
  try {
    await run(['xl', 'help'])
    return true
  } catch (error) {
    if (VirtError.is(error, 'unsupported')) return false
    throw error
  }
}
