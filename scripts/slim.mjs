import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { transform } from 'esbuild'

/**
 * Takes from a built folder what no user needs: comments in the code, since editors show those of the declarations, and
 * the declarations of modules to which the types of no entry point lead.
 */
export async function slim(folder, entryPoints) {
  const files = (await readdir(folder, { recursive: true })).map((file) => join(folder, file))
  const needed = await reachable(entryPoints.map((entry) => resolve(entry)))
  const useless = files.filter((file) => file.endsWith('.d.ts') && !needed.has(resolve(file)))
  await Promise.all([
    ...useless.map((file) => rm(file)),
    ...files.filter((file) => file.endsWith('.js')).map(withoutComments),
  ])
}

async function withoutComments(file) {
  const text = await readFile(file, 'utf8')
  const { code } = await transform(text, { loader: 'js', legalComments: 'none', charset: 'utf8' })
  await writeFile(file, code)
}

/** Declarations by their paths: those given, and all that they import in turn. */
async function reachable(declarations) {
  const seen = new Set()
  const open = [...declarations]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    const imports = (await readFile(next, 'utf8')).matchAll(/(?:\bfrom |\bimport |\bimport\()['"](\.[^'"]+)\.js['"]/g)
    for (const [, path] of imports) open.push(`${resolve(dirname(next), path)}.d.ts`)
  }
  return seen
}
