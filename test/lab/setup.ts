import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { bundleCli } from '../../scripts/bundle-cli.mjs'
import { root } from '../source-tree.js'
import { boot, machine } from './boot.js'
import { build, Unavailable } from './images.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Why the lab cannot run here; `undefined` where it does. For `needs(inject('noLab'))`. */
    noLab: string | undefined
  }
}

/** Bundles the command, and boots the lab for all suites unless it runs already: then it is used, and left running. */
export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const lab = machine('lab')
  const startedByUser = lab.running
  const noLab = existsSync(join(root, 'src/cli/main.ts'))
    ? await prepare(startedByUser)
    : 'there is no src/cli/main.ts yet'
  project.provide('noLab', noLab)
  if (noLab !== undefined || startedByUser) return
  return () => lab.stop()
}

async function prepare(running: boolean): Promise<string | undefined> {
  await bundleCli()
  if (running) return undefined
  try {
    await build('lab')
  } catch (error) {
    if (error instanceof Unavailable) return error.message
    throw error
  }
  await boot('lab')
  return undefined
}
