import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

export const root = fileURLToPath(new URL('..', import.meta.url))

// Packages that are CommonJS call require('node:…'), which an ES module has to be given.
const banner = `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)`

/** Bundles a TypeScript file into one ES module for Node; answers with its URL and the files that went into it. */
export async function bundle(entry, file, { first = '', ...options } = {}) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: { js: first + banner },
    logLevel: 'warning',
    ...options,
  })
  await replace(join(root, file), outputFiles[0].contents)
  return { url: pathToFileURL(join(root, file)).href, inputs: Object.keys(metafile.inputs) }
}

/** Writes beside and renames, so that a program started meanwhile never reads half a file. */
export async function replace(file, contents) {
  await mkdir(dirname(file), { recursive: true })
  const partial = `${file}.${process.pid}`
  await writeFile(partial, contents)
  await rename(partial, file)
}
