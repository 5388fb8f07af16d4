// Answers the conformance protocol as the sources stand: `npm run --silent adapter`.
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = `${root}/.cache`
const file = `${cache}/adapter.mjs`
const partial = `${file}.${process.pid}`

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['test/adapter/main.ts'],
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: 'inline',
  write: false,
  logLevel: 'warning',
})

// Written beside and renamed, so that an adapter started meanwhile never reads half a file.
await mkdir(cache, { recursive: true })
await writeFile(partial, outputFiles[0].contents)
await rename(partial, file)
await import(pathToFileURL(file).href)
