import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from './source-tree.js'

const folder = mkdtempSync(join(tmpdir(), 'hostdev-examples-'))
afterAll(() => rmSync(folder, { recursive: true }))

const examples = readdirSync(join(root, 'examples'))
  .filter((file) => file.endsWith('.ts'))
  .sort()
const text = (file: string): string => readFileSync(join(root, 'examples', file), 'utf8')

/** Runs an example as a user would: a process of its own, with `hostdev` taken from the sources. */
async function run(file: string): Promise<{ status: number | null; stderr: string }> {
  const outfile = join(folder, file.replace(/\.ts$/, '.mjs'))
  const banner = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`
  await build({
    entryPoints: [join(root, 'examples', file)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: { js: banner },
    logLevel: 'silent',
  })
  const { status, stderr } = spawnSync(process.execPath, [outfile], { encoding: 'utf8', timeout: 20_000 })
  return { status, stderr }
}

describe('examples', () => {
  it('are all listed in their README', () => {
    const listed = [...text('README.md').matchAll(/\]\(([\w-]+\.ts)\)/g)].map(([, file]) => file)
    expect(listed.sort()).toEqual(examples)
  })

  it.each(examples)('%s begins with its task in words and is under 40 lines', (file) => {
    expect(text(file)).toMatch(/^\/\/ [A-Z]/)
    expect(text(file).split('\n').length).toBeLessThanOrEqual(40)
  })

  it.each(examples)('%s runs and ends by itself', async (file) => {
    expect(await run(file)).toEqual({ status: 0, stderr: '' })
  })
})
