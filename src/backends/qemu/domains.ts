import type { AffectOptions, DomainDriver, DomainInfo } from '../../backend.js'
import { VirtError } from '../../errors.js'
import { attach } from './attach.js'
import { detach } from './detach.js'
import type { QemuGuest } from './guest.js'
import { type Part, partOf } from './part.js'
import type { QemuHost } from './qemu-host.js'
import { watchGuests } from './watch.js'

/** QEMU guests, as every hypervisor's backend offers its own. */
export function domainDriver(host: QemuHost): DomainDriver {
  const give = async (domain: string, part: Part, options: AffectOptions) => {
    const guest = await host.guests.needChangeable(domain, options)
    needLive(guest, options)
    return await attach(host, guest, part, options)
  }
  return {
    list: async (options) => (await host.guests.list(options)).map(infoOf),
    async lookup(nameOrUuid, options) {
      const guest = await host.guests.find(nameOrUuid, options)
      return guest && infoOf(guest)
    },
    async hostdevs(domain, options) {
      const guest = await host.guests.need(domain, options)
      needLive(guest, options)
      if (guest.state === 'shutoff') return []
      return (await host.look(guest)).hostdevs.map(({ def }) => def)
    },
    attach: async (domain, def, options) => await give(domain, { def }, options),
    attachInterface: async (domain, def, options) => await give(domain, partOf(def), options),
    async detach(domain, target, options) {
      const guest = await host.guests.needChangeable(domain, options)
      needLive(guest, options)
      await detach(host, guest, target, options)
    },
    watch: (options) => watchGuests(host, options),
  }
}

const infoOf = ({ name, uuid, state }: QemuGuest): DomainInfo => ({ name, ...(uuid !== undefined && { uuid }), state })

/** Nothing is stored of a guest that whoever starts QEMU keeps. @throws VirtError `operation-unsupported` */
function needLive({ name }: QemuGuest, { config = false }: AffectOptions): void {
  if (!config) return
  throw new VirtError(
    'operation-unsupported',
    `the guest ${name} has no stored configuration: keep the def with its command line, and see prepareHost()`,
    { domain: name, backend: 'qemu' },
  )
}
