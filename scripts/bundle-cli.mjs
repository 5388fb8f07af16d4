import { chmod, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Where the command stands once bundled. */
export const cliFile = join(root, 'dist/cli/hostdev.js')

// commander is CommonJS and calls require('node:events'), which an ES module has to be given.
const banner = `#!/usr/bin/env node
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)`

/** Bundles the command into one ES module, with the licences of what went into it beside it. */
export async function bundleCli() {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    outfile: cliFile,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: { js: banner },
    define: { 'process.env.HOSTDEV_VERSION': JSON.stringify(version) },
    logLevel: 'warning',
  })
  await mkdir(join(root, 'dist/cli'), { recursive: true })
  await replace(cliFile, outputFiles[0].contents)
  await chmod(cliFile, 0o755)
  await replace(join(root, 'dist/cli/LICENSES.txt'), await licences(Object.keys(metafile.inputs)))
}

// Written beside and renamed, so that a command started meanwhile never reads half a file.
async function replace(file, contents) {
  const partial = `${file}.${process.pid}`
  await writeFile(partial, contents)
  await rename(partial, file)
}

async function licences(inputs) {
  const packages = new Set(inputs.flatMap((input) => input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []))
  const texts = [...packages].sort().map(async (name) => {
    const folder = join(root, 'node_modules', name)
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? 'No licence file.' : (await readFile(join(folder, file), 'utf8')).trim()
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version} (${license})\n\n${text}\n`
  })
  return (await Promise.all(texts)).join(`\n${'-'.repeat(72)}\n\n`)
}
