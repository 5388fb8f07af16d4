// Bundles the lab's command and runs it: `npm run lab -- ARGS`. It stands one folder below the root, as test/ does.
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const outfile = `${root}.cache/lab.mjs`
await build({
  absWorkingDir: root,
  entryPoints: ['test/lab/command.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  logLevel: 'warning',
})
await import(pathToFileURL(outfile).href)
