import type { TestProject } from 'vitest/node'
import { bundleCli } from '../../scripts/bundle-cli.mjs'
import { type BootOptions, boot, machine } from './boot.js'
import { build, type MachineName, Unavailable } from './images.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Why the machine cannot be built here; `undefined` where it runs. For `needs(inject('absentMachine'))`. */
    absentMachine: string | undefined
  }
}

/**
 * A global setup for vitest: bundles the command, and boots the machine for all suites.
 */
export function prepare(name: MachineName, options: BootOptions = {}) {
  return async (project: TestProject): Promise<() => Promise<void>> => {
    await bundleCli()
    const { absent, stop } = await ready(name, options)
    project.provide('absentMachine', absent)
    return stop
  }
}

/** A machine to test with, and what has to be done with it afterwards. */
interface Ready {
  /** Why it cannot be built here; `undefined` where it runs. */
  readonly absent: string | undefined
  readonly stop: () => Promise<void>
}

/** Boots a machine. One that runs already is used, and left running, however it was started. */
export async function ready(name: MachineName, options: BootOptions = {}): Promise<Ready> {
  const { running } = machine(name)
  const absent = running ? undefined : await start(name, options)
  return { absent, stop: async () => (running || absent !== undefined ? undefined : machine(name).stop()) }
}

async function start(name: MachineName, options: BootOptions): Promise<string | undefined> {
  try {
    await build(name)
  } catch (error) {
    if (error instanceof Unavailable) return error.message
    throw error
  }
  await boot(name, options)
  return undefined
}
