import type { DomainInfo, DomainState } from '../../backend.js'
import type { QmpClient } from '../../wire/qmp/client.js'
import { isObject } from '../../wire/qmp/json-reader.js'

/** What QEMU says of a run (`RunState`, qapi/run-state.json), in libvirt's words (`qemuProcessHandle…`). */
const states: Readonly<Record<string, DomainState>> = {
  running: 'running',
  prelaunch: 'paused',
  paused: 'paused',
  debug: 'paused',
  'io-error': 'paused',
  watchdog: 'paused',
  inmigrate: 'paused',
  postmigrate: 'paused',
  'finish-migrate': 'paused',
  'save-vm': 'paused',
  'restore-vm': 'paused',
  colo: 'paused',
  suspended: 'pmsuspended',
  shutdown: 'shutdown',
  'internal-error': 'crashed',
  'guest-panicked': 'crashed',
}

/** What is known of the guest behind a monitor. */
export interface QemuGuest extends DomainInfo {
  /** What its monitor is called here. */
  readonly key: string
  /** The monitor's socket. */
  readonly path: string
  /** libvirt's own: changed by libvirt alone. */
  readonly isLibvirts: boolean
}

/** Asks a QEMU who it is. Without a name of its own it has that of its monitor. */
export async function askGuest(qemu: QmpClient, key: string, path: string): Promise<QemuGuest> {
  const [name, uuid, status, chardevs] = await Promise.all(
    ['query-name', 'query-uuid', 'query-status', 'query-chardev'].map((command) => qemu.execute(command)),
  )
  const id = text(uuid, 'UUID')
  return {
    name: text(name, 'name') || key,
    ...(id !== undefined && !/^[0-]+$/.test(id) && { uuid: id }),
    state: states[text(status, 'status') ?? ''] ?? 'nostate',
    key,
    path,
    isLibvirts: isLibvirtPath(path) || (Array.isArray(chardevs) && chardevs.some(isLibvirtMonitor)),
  }
}

const text = (answer: unknown, member: string): string | undefined => {
  const value = isObject(answer) ? answer[member] : undefined
  return typeof value === 'string' ? value : undefined
}

/** Where libvirt keeps its monitors: for the system, and for a user's session (`qemuDomainSetPrivatePaths`). */
export const isLibvirtPath = (path: string): boolean =>
  /(^|\/)libvirt\/qemu\/(.*\/)?domain-[^/]*\/[^/]*$/.test(path) || path.startsWith('/var/lib/libvirt/qemu/')

/**
 * The channel that libvirt makes for itself, when it is another than the one that is asked
 * (`qemuBuildMonitorCommandLine`).
 */
const isLibvirtMonitor = (chardev: unknown): boolean =>
  text(chardev, 'label') === 'charmonitor' && /\/domain-[^/]*\/monitor\.sock/.test(text(chardev, 'filename') ?? '')
