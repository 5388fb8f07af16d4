import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

export const root = fileURLToPath(new URL('..', import.meta.url))

// Packages that are CommonJS call require('node:…'), which an ES module has to be given.
const banner = `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)`

/**
 * Bundles a TypeScript file into one ES module for Node, or into several with `splitting`, where what is imported on
 * demand stands beside it; answers with its URL and the files that went into it.
 */
export async function bundle(entry, file, options = {}) {
  const extension = extname(file)
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: entry, out: file.slice(0, -extension.length) }],
    outdir: '.',
    outExtension: { '.js': extension },
    chunkNames: `${dirname(file)}/parts/[name]-[hash]`,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: { js: banner },
    logLevel: 'warning',
    ...options,
  })
  // the file that is run comes last: whoever runs it finds the others
  for (const { path, contents } of outputFiles.reverse()) await replace(path, contents)
  return { url: pathToFileURL(join(root, file)).href, inputs: Object.keys(metafile.inputs) }
}

/** Writes beside and renames, so that a program started meanwhile never reads half a file. */
export async function replace(file, contents) {
  await mkdir(dirname(file), { recursive: true })
  const partial = `${file}.${process.pid}`
  await writeFile(partial, contents)
  await rename(partial, file)
}
