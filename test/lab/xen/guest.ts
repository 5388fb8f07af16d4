import type { Machine } from '../machine.js'

/** Starts a guest of the lab afresh, whatever an earlier suite has left of it, and waits until it is up. */
export async function startGuest(xen: Machine, name: 'pvusb' | 'hvm'): Promise<void> {
  const log = `/var/log/xen/console/guest-${name}.log`
  const timeout = 600_000
  await xen.run(`! xl list ${name} || xl destroy ${name}; rm -f ${log}; xl create -q /lab/guest/xen/${name}.cfg`, {
    timeout,
  })
  await xen.run(`lab-guest-says ${name} 'guest is up'`, { timeout })
}
