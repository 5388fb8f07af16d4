import { describe, expect, it } from 'vitest'
import { speakingXl } from '../../../src/backends/xen/xl.js'
import { VirtError } from '../../../src/errors.js'
import type { RunCommand } from '../../../src/os/command.js'

/** An xl that fails with what a real one has said. */
const failing =
  (stderr: string, exitStatus = 1): RunCommand =>
  async (argv) => {
    throw new VirtError('operation-failed', `xl ended with status ${exitStatus}`, { argv, exitStatus, stderr })
  }

const runXl = async (run: RunCommand, args: readonly string[]) =>
  (await speakingXl(run, 10_000)(['xl', ...args])).stdout

describe('xl', () => {
  it('answers what xl prints', async () => {
    const run: RunCommand = async (argv) => ({ stdout: argv.join(' '), stderr: '' })
    expect(await runXl(run, ['pci-list', '5'])).toBe('xl pci-list 5')
  })

  it.each([
    [
      'operation-invalid',
      'PCI device 0:0:9.0 is not assignable',
      `libxl: error: libxl_pci.c:1677:libxl__device_pci_add: Domain 1:PCI device 0:0:9.0 is not assignable
libxl: error: libxl_pci.c:1809:device_pci_add_done: Domain 1:libxl__device_pci_add failed for PCI device 0:0:9.0 (rc -3)
libxl: error: libxl_device.c:1486:device_addrm_aocomplete: unable to add device
`,
    ],
    [
      'device-missing',
      'PCI device not attached to this domain',
      `libxl: error: libxl_pci.c:1969:do_pci_remove: Domain 1:PCI device not attached to this domain
libxl: error: libxl_device.c:1486:device_addrm_aocomplete: unable to remove device
`,
    ],
    [
      'device-missing',
      "Couldn't lstat /sys/bus/pci/devices/0000:00:1a.0: No such file or directory",
      "libxl: error: libxl_pci.c:792:libxl__device_pci_assignable_add: Couldn't lstat /sys/bus/pci/devices/0000:00:1a.0: No such file or directory\n",
    ],
    ['no-domain', 'nobody is an invalid domain identifier (rc=-6)', 'nobody is an invalid domain identifier (rc=-6)\n'],
    [
      'no-domain',
      'unable to get domain type for domid=77',
      `libxl: error: libxl_dom.c:37:libxl__domain_type: unable to get domain type for domid=77
libxl: error: libxl_pci.c:1809:device_pci_add_done: Domain 77:libxl__device_pci_add failed for PCI device 0:0:9.0 (rc -3)
libxl: error: libxl_device.c:1486:device_addrm_aocomplete: unable to add device
`,
    ],
    ['invalid-argument', 'pci-attach: malformed PCI_SPEC_STRING "zz"', 'pci-attach: malformed PCI_SPEC_STRING "zz"\n'],
    [
      'operation-failed',
      'Number of ports for USB controller of version 2 is always 6',
      `libxl: error: libxl_usb.c:98:libxl__device_usbctrl_setdefault: Number of ports for USB controller of version 2 is always 6
libxl: error: libxl_device.c:1486:device_addrm_aocomplete: unable to add device
libxl_device_usbctrl_add failed.
`,
    ],
    ['operation-failed', 'it does not say why', ''],
  ] as const)('says %s: %s', async (code, said, stderr) => {
    const error = await runXl(failing(stderr), ['pci-attach', '1', '00:09.0']).catch((e: unknown) => e)
    expect(error).toMatchObject({ code, details: { argv: ['xl', 'pci-attach', '1', '00:09.0'], exitStatus: 1 } })
    expect(String(error)).toContain(`xl pci-attach 1 00:09.0 failed: ${said}`)
  })

  it('leaves what is no word of xl as it is', async () => {
    const run: RunCommand = async () => {
      throw new VirtError('unsupported', 'xl is not installed here')
    }
    await expect(runXl(run, ['list'])).rejects.toMatchObject({
      code: 'unsupported',
      message: 'xl is not installed here',
    })
  })
})
