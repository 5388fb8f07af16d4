// Packs the package and uses it as strangers do: every entry point imported, required and compiled against with
// declarations checked, and the command run. Only what package.json lists as a dependency can be found from there.
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => path.replace('.', manifest.name))

// What runs in a browser as well.
const portable = ['hostdev/mock', 'hostdev/xml']

const project = mkdtempSync(join(tmpdir(), 'hostdev-package-'))
const modules = join(project, 'node_modules')
const run = (file, ...argv) => execFileSync(file, argv, { cwd: project, encoding: 'utf8', stdio: 'pipe' })

function install() {
  const pack = ['pack', root, '--ignore-scripts', '--json', '--pack-destination', project]
  const [{ filename, size, unpackedSize, files }] = JSON.parse(run('npm', ...pack))
  const kB = (bytes) => `${Math.round(bytes / 1000)} kB`
  console.log(`packed: ${files.length} files, ${kB(size)}, unpacked ${kB(unpackedSize)}`)
  const folder = join(modules, manifest.name)
  mkdirSync(folder, { recursive: true })
  run('tar', '-xzf', filename, '-C', folder, '--strip-components=1')
  for (const name of [...Object.keys(manifest.dependencies), '@types/node']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
}

function compile() {
  const source = entries.map((entry, i) => `import * as m${i} from '${entry}'\nvoid m${i}\n`).join('')
  for (const file of ['user.mts', 'user.cts']) writeFileSync(join(project, file), source)
  const options = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--strict', '--noEmit']
  run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), ...options, 'user.mts', 'user.cts')
}

// Fails where a module of Node's is imported, by the package or by what it depends on.
async function bundleForBrowsers() {
  const contents = portable.map((entry) => `export * from '${entry}'\n`).join('')
  await build({ stdin: { contents, resolveDir: project }, bundle: true, platform: 'browser', write: false })
}

// jest is large, and used here alone: it is installed on the side, once, where npm can have it.
function runJest() {
  const folder = join(root, '.cache/jest')
  const jest = join(folder, 'node_modules/jest/bin/jest.js')
  if (!existsSync(jest)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    try {
      run('npm', 'install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', 'jest@30')
    } catch {
      console.log('jest: not run, since npm cannot install it here')
      return
    }
  }
  copyFileSync(join(root, 'examples/unit-test-jest.cjs'), join(project, 'unit.test.cjs'))
  const config = { rootDir: project, testMatch: ['**/*.test.cjs'] }
  run(process.execPath, jest, '--ci', '--config', JSON.stringify(config))
  console.log('used: with jest')
}

try {
  install()
  for (const entry of entries) {
    run(process.execPath, '--input-type=module', '--eval', `await import('${entry}')`)
    run(process.execPath, '--input-type=commonjs', '--eval', `require('${entry}')`)
  }
  compile()
  await bundleForBrowsers()
  runJest()
  for (const file of Object.values(manifest.bin)) run(join(modules, manifest.name, file), '--version')
  console.log(`used: ${entries.join(', ')} and the command`)
} catch (error) {
  console.error([error.stdout, error.stderr].filter(Boolean).join('\n') || error)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true })
}
