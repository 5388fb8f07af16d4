import { chmod, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle, replace, root } from './bundle.mjs'

/** Where the command stands once bundled. */
const file = 'dist/cli/hostdev.js'

/**
 * Bundles the command into an ES module, with the parts that only some commands load and the licences of what went
 * into them beside it; answers with its URL.
 */
export async function bundleCli() {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const { url, inputs } = await bundle('src/cli/main.ts', file, {
    splitting: true,
    // names stay, so that a stack trace says where it went
    minifyWhitespace: true,
    minifySyntax: true,
    define: { 'process.env.HOSTDEV_VERSION': JSON.stringify(version) },
  })
  await chmod(join(root, file), 0o755)
  await replace(join(root, 'dist/cli/LICENSES.txt'), await licences(inputs))
  return url
}

async function licences(inputs) {
  const packages = new Set(inputs.flatMap((input) => input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? []))
  const texts = [...packages].sort().map(async (name) => {
    const folder = join(root, 'node_modules', name)
    const licence = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
    const text = licence === undefined ? 'No licence file.' : (await readFile(join(folder, licence), 'utf8')).trim()
    const { version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return `${name} ${version} (${license})\n\n${text}\n`
  })
  return (await Promise.all(texts)).join(`\n${'-'.repeat(72)}\n\n`)
}
