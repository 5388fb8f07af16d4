import type { StateFolder } from '../os/state-folder.js'
import type { Change } from './change.js'

/** Written before a step is done or undone, when it hangs, and when the change has ended. */
export type JournalNote =
  | { readonly step: number; readonly way: 'do' | 'undo'; readonly pending?: true }
  | { readonly end: 'done' | 'undone' }

interface Head {
  readonly boot: string
  readonly pid: number
  readonly change: Change
}

const prefix = 'journal-'

/**
 * What a change intends and how far it has come: the change itself, then a note before each step. A process that is
 * killed leaves it behind, for {@link recover}; a change that has ended takes it away.
 */
export class Journal {
  readonly #state: StateFolder
  #hangs = false

  private constructor(
    state: StateFolder,
    /** Name of its file. */
    readonly name: string,
    readonly change: Change,
    /** The process that began it. */
    readonly pid: number,
    /** What was noted before it was opened. */
    readonly notes: readonly JournalNote[] = [],
  ) {
    this.#state = state
  }

  static begin(state: StateFolder, boot: string, change: Change): Journal {
    const name = `${prefix}${crypto.randomUUID()}`
    state.append(name, line({ boot, pid: process.pid, change } satisfies Head))
    return new Journal(state, name, change, process.pid)
  }

  /** The changes of this boot that have not ended. What an earlier boot has left is taken away. */
  static unfinished(state: StateFolder, boot: string): Journal[] {
    return state
      .names()
      .filter((name) => name.startsWith(prefix))
      .flatMap((name) => {
        // a line without its end was cut off as it was written: what it was to announce has not begun
        const [head, ...notes] = (state.read(name) ?? '').split('\n').slice(0, -1)
        if (head === undefined) return []
        const { boot: itsBoot, pid, change } = JSON.parse(head) as Head
        if (itsBoot === boot)
          return [
            new Journal(
              state,
              name,
              change,
              pid,
              notes.map((note) => JSON.parse(note)),
            ),
          ]
        state.remove(name)
        return []
      })
  }

  /** Whether a write of it hangs. */
  get hangs(): boolean {
    return this.#hangs
  }

  note(note: JournalNote): void {
    this.#hangs = 'pending' in note
    this.#state.append(this.name, line(note))
  }

  remove(): void {
    this.#state.remove(this.name)
  }
}

const line = (value: object): string => `${JSON.stringify(value)}\n`
