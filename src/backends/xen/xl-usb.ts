import { errorDomains, VirtError } from '../../errors.js'
import type { Guests as HandOver } from '../../manager/guests.js'
import { busIdsIn, controllerIn, portsWith, type UsbWords } from './usb-hand-over.js'
import { usbNumbersOf } from './usb-host.js'
import { readControllers } from './usb-store.js'
import type { XenHost } from './xen-host.js'
import { domainOf } from './xen-user.js'

/**
 * Has xl give USB devices and controllers and take them back, for whoever wants Xen's own tools to be the only ones
 * that write to xenstore. What is to be done is planned and checked as ever, and whether it is done xenstore says.
 *
 * @param native - how it is done without xl: that a guest has a device is seen in the same way
 */
export function xlUsb({ store, files, run }: Pick<XenHost, 'store' | 'files' | 'run'>, native: HandOver): HandOver {
  const xl = (args: readonly string[], keeping: number | undefined) =>
    run(['xl', ...args], { ...(keeping !== undefined && { descriptors: [keeping] }) })

  /** xl chooses the number of a new controller itself, in its own way. */
  const addController = async (domain: number, words: UsbWords['controllers'][number], keeping: number | undefined) => {
    const { index, type, version, ports } = words
    const before = new Set((await readControllers(store, domain)).map((controller) => controller.index))
    await xl(['usbctrl-attach', String(domain), `type=${type}`, `version=${version}`, `ports=${ports}`], keeping)
    const added = (await readControllers(store, domain)).find((controller) => !before.has(controller.index))
    if (added === undefined || added.index === index) return
    await xl(['usbctrl-detach', String(domain), String(added.index)], keeping)
    throw new VirtError(
      'operation-failed',
      `xl gives the guest ${domain} a USB controller of the number ${added.index}, not ${index}; attach it with via 'auto'`,
      { domain: String(domain), errorDomain: errorDomains.xen },
    )
  }

  return {
    has: native.has,
    async give(user, _device, words, { keeping }) {
      const domain = domainOf(user)
      const { controllers, devices } = words as UsbWords
      for (const controller of controllers) await addController(domain, controller, keeping)
      for (const { busId, place } of devices) {
        const { bus, device } = usbNumbersOf(files, busId)
        const where = [`controller=${place.controller}`, `port=${place.port}`]
        await xl(['usbdev-attach', String(domain), `hostbus=${bus}`, `hostaddr=${device}`, ...where], keeping)
      }
    },
    async take(user, { key }, words, { keeping }) {
      const domain = domainOf(user)
      const index = controllerIn(key)
      if (index !== undefined) {
        await xl(['usbctrl-detach', String(domain), String(index)], keeping)
        return
      }
      for (const { controller, port } of await portsWith(store, domain, busIdsIn(key, words)))
        await xl(['usbdev-detach', String(domain), String(controller.index), String(port)], keeping)
    },
  }
}
