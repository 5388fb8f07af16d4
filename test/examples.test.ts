import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { bundle } from '../scripts/bundle.mjs'
import { root } from './source-tree.js'

const examples = readdirSync(join(root, 'examples'))
  .filter((file) => !file.endsWith('.md'))
  .sort()
// the one for jest is run by scripts/try-package.mjs, the one for vitest stands among our own tests
const programs = examples.filter((file) => !/-(jest|vitest)\./.test(file))
const text = (file: string): string => readFileSync(join(root, 'examples', file), 'utf8')

// node:test says of its fake timers that they are experimental
const quiet = ['--disable-warning=ExperimentalWarning']

/** Runs an example as a user would: a process of its own, with `hostdev` taken from the sources. */
async function run(file: string): Promise<{ status: number | null; stderr: string }> {
  const { url } = await bundle(`examples/${file}`, `.cache/examples/${file.replace(/\.ts$/, '.mjs')}`)
  const { status, stderr } = spawnSync(process.execPath, [...quiet, fileURLToPath(url)], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { status, stderr }
}

describe('examples', () => {
  it('are all listed in their README', () => {
    const listed = [...text('README.md').matchAll(/\]\(([\w-]+\.c?[jt]s)\)/g)].map(([, file]) => file)
    expect(listed.sort()).toEqual(examples)
  })

  it.each(examples)('%s begins with its task in words and is under 40 lines', (file) => {
    expect(text(file)).toMatch(/^\/\/ [A-Z]/)
    expect(text(file).split('\n').length).toBeLessThanOrEqual(40)
  })

  it.each(programs)('%s runs and ends by itself', async (file) => {
    expect(await run(file)).toEqual({ status: 0, stderr: '' })
  })
})
