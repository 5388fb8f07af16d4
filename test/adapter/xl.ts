import { hostdev } from '../../src/model/hostdev.js'
import { usbController } from '../../src/model/usb-controller.js'
import { formatXlConfig, XlConfig, xlPciSpec, xlUsbctrl, xlUsbdev } from '../../src/xen.js'
import type { Operations } from './protocol.js'

interface Guest {
  name?: string
  hostdevs?: string[]
  usbControllers?: string[]
}

/** xl's words for devices, and whole xl.cfg files. */
export const xl: Operations = {
  'xl.pciSpec'({ spec }: { spec: string }) {
    const { address, powerMgmt, rdmPolicy, ...rest } = xlPciSpec.parse(spec)
    return { ...address, ...rest, power_mgmt: powerMgmt, rdm_policy: rdmPolicy }
  },

  'xl.usbdev': ({ spec }: { spec: string }) => ({ type: 'hostdev', ...xlUsbdev.parse(spec) }),

  'xl.usbctrl': ({ spec }: { spec: string }) => ({ type: 'auto', ...xlUsbctrl.parse(spec) }),

  'xl.parse'({ cfg }: { cfg: string }) {
    const config = new XlConfig(cfg)
    return {
      hostdevs: config.hostdevs().map((def) => hostdev.format(def)),
      usbControllers: config.usbControllers(),
    }
  },

  'xl.format': ({ name, hostdevs = [], usbControllers = [] }: Guest) => ({
    cfg: formatXlConfig({
      ...(name !== undefined && { name }),
      hostdevs: hostdevs.map((xml) => hostdev.parse(xml)),
      usbControllers: usbControllers.map((xml) => usbController.parse(xml)),
    }),
  }),
}
