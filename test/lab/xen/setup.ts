import type { TestProject } from 'vitest/node'
import { bundleCli } from '../../../scripts/bundle-cli.mjs'
import { machine } from '../boot.js'
import { build, Unavailable } from '../images.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Why there can be no Xen here. Suites ask `dom0With`. */
    absentXen: string | undefined
    /** Whether a Xen ran before the tests: it is used as it is, and left running. */
    foundRunning: boolean
  }
}

/** Builds what a Xen boots from. No Xen can do all that the suites need, so that they boot it, each as it needs it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await bundleCli()
  const { running } = machine('xen')
  project.provide('foundRunning', running)
  project.provide('absentXen', running ? undefined : await absent())
  return async () => {
    if (!running) await machine('xen').stop()
  }
}

async function absent(): Promise<string | undefined> {
  try {
    await build('xen')
    return undefined
  } catch (error) {
    if (error instanceof Unavailable) return error.message
    throw error
  }
}
