import { linkName } from '../../host/plain-files.js'
import type { HostFiles } from '../../os/host-files.js'

/** The number of the first namespace of processes (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
const first = 'pid:[4026531836]'

/** Whether process 1 is the host's, not that of a container; a recording without /proc counts as a host. */
export function seesHostProcesses(files: HostFiles): boolean {
  const processes = linkName(files, '/proc/self/ns/pid')
  return processes === undefined || processes === first
}

/** Whether the interfaces in /sys are those of the host's first process; without the right to ask they count as its. */
export function seesHostInterfaces(files: HostFiles): boolean {
  if (!seesHostProcesses(files)) return false
  const [own, host] = ['self', '1'].map((process) => linkName(files, `/proc/${process}/ns/net`))
  return own === undefined || host === undefined || own === host
}
