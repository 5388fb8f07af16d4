// Builds dist: the library as ES modules and as CommonJS, one file per module, and the command as one file.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { bundleCli } from './bundle-cli.mjs'
import { slim } from './slim.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const commonjs = ['--module', 'commonjs', '--moduleResolution', 'bundler', '--verbatimModuleSyntax', 'false']

async function tsc(...options) {
  const argv = ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.build.json', ...options]
  const [status] = await once(spawn(process.execPath, argv, { cwd: root, stdio: 'inherit' }), 'close')
  if (status !== 0) process.exit(1)
}

await rm(`${root}/dist`, { recursive: true, force: true })
await Promise.all([tsc(), tsc(...commonjs, '--outDir', 'dist/cjs'), bundleCli()])
const { exports } = JSON.parse(await readFile(`${root}/package.json`, 'utf8'))
const entries = Object.values(exports).filter((entry) => entry.import)
const typesOf = (condition) => entries.map((entry) => `${root}/${entry[condition].types}`)
await Promise.all([slim(`${root}/dist/esm`, typesOf('import')), slim(`${root}/dist/cjs`, typesOf('require'))])
await writeFile(`${root}/dist/cjs/package.json`, '{ "type": "commonjs" }\n')
