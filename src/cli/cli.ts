import type { Command } from 'commander'
import type { Connection } from '../index.js'
import type { Terminal } from './terminal.js'

/** What a command is added to, and what it works with. */
export interface Cli {
  readonly root: Command
  readonly out: Terminal
  /** The hosts that `--connect` names. */
  named(): readonly string[]
  /** Opens the host that `--connect` names; for looking only, unless told. Whoever asks closes it. */
  open(readOnly?: boolean): Promise<Connection>
  /** Does something on that host, which is only looked at. */
  read(work: (conn: Connection) => Promise<void>): Promise<void>
  /** Does something on that host, which may be changed. */
  change(work: (conn: Connection) => Promise<void>): Promise<void>
}

/** Adds a command, or several of a kind, to the command line. */
export type AddCommand = (cli: Cli) => void

/** The values of an option that may be given several times, and hold several words, with commas between them. */
export const words = (value: string, before: string[] = []): string[] => [...before, ...value.split(',')]
