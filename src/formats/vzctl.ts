import type { HostdevDef } from '../model/hostdev.js'
import { type ConfigWord, fieldsOf } from './container-config.js'
import { configWord } from './container-hostdevs.js'
import { checkContainer } from './vzctl-names.js'

/** What is changed of a container's devices. */
export interface VzctlChange {
  readonly action: 'attach' | 'detach'
  /** Also in its config, so that it lasts; the running container alone otherwise. */
  readonly save: boolean
  /** What a device may be used for, of storage and misc: letters of `rwq`; `rw` unless told. */
  readonly permissions?: string
}

/**
 * The call of `vzctl set` that gives a container a device of its host, or takes it back (vzctl(8)).
 *
 * Nothing that is not plainly a name passes: both generations of vzctl run the container's config as a shell script
 * when it starts, so that a name with a `$(` in it would be run as root.
 *
 * @throws VirtError `invalid-argument` for a container or a name that cannot be, `config-unsupported` for kinds of
 * device that OpenVZ does not know
 */
export function vzctlSet(container: string, def: HostdevDef, { action, save, permissions }: VzctlChange): string[] {
  return vzctlSetWord(container, configWord(def, permissions), action, save)
}

/** The same for a word of a config; a pair of interfaces (NETIF) can only be taken. @throws VirtError likewise */
export function vzctlSetWord(
  container: string,
  word: ConfigWord,
  action: VzctlChange['action'],
  save = false,
): string[] {
  return ['vzctl', 'set', checkContainer(container), ...optionOf(word, action), ...(save ? ['--save'] : [])]
}

function optionOf({ key, word }: ConfigWord, action: VzctlChange['action']): string[] {
  const verb = action === 'attach' ? 'add' : 'del'
  switch (key) {
    case 'NETDEV':
      return [`--netdev_${verb}`, word]
    case 'NETIF':
      return [`--netif_${verb}`, fieldsOf(word).get('ifname') ?? word]
    case 'DEVNODES':
    case 'DEVICES':
      return [`--${key.toLowerCase()}`, action === 'attach' ? word : word.replace(/:[^:]*$/, ':none')]
    default:
      return [`--pci_${verb}`, word]
  }
}
