import type { VirtError } from '../errors.js'
import type { HostdevDef } from '../model/hostdev.js'

/** What each thing that following does is about. */
interface About {
  /** The guest. */
  readonly domain: string
  /** Name of the node device that is followed, where it is known. */
  readonly device?: string
  /** When it stands for several, since the one who watches was slow. */
  readonly merged?: true
}

/** What following a device does, told apart by `kind`. */
export type FollowEvent =
  | (About & {
      /** The guest has it. */
      readonly kind: 'attached'
      readonly device: string
      /** As the guest has it. */
      readonly hostdev: HostdevDef
      /** It had it before. */
      readonly already?: true
    })
  | (About & {
      /** The guest has it no more: it was unplugged, somebody took it from the guest, or following has ended. */
      readonly kind: 'detached'
      readonly device: string
      readonly reason: 'unplugged' | 'taken' | 'released'
    })
  | (About & {
      /** Nothing can be done before a device comes, the guest runs, or one of several devices is chosen. */
      readonly kind: 'waiting'
      readonly for: 'device' | 'guest' | 'choice'
      /** The devices that could be meant. */
      readonly candidates?: readonly string[]
    })
  | (About & {
      /** It comes and goes too often, and is left alone for so many milliseconds. */
      readonly kind: 'paused'
      readonly device: string
      readonly milliseconds: number
    })
  | (About & {
      /** It could not be attached or detached. */
      readonly kind: 'failed'
      readonly error: VirtError
      /** Milliseconds until it is tried again; absent where only another device or guest can help. */
      readonly retryIn?: number
    })
