import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the project. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Source files by their path below a folder, most often `src`, as `xml/reader.ts`. */
export type SourceTree = ReadonlyMap<string, string>

/**
 * One import or re-export: the module as it is named, whether it is loaded at once, and whether it exists at run time.
 */
export interface Import {
  readonly target: string
  readonly lazy: boolean
  readonly typeOnly: boolean
}

/** Reads every script below a folder of the project. */
export function readSourceTree(folder = 'src'): SourceTree {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  const files = names.map((name) => name.replaceAll('\\', '/')).filter((name) => /\.[cm]?[jt]s$/.test(name))
  return new Map(files.sort().map((name) => [name, readFileSync(join(root, folder, name), 'utf8')]))
}

/** A file without its comments. Good for formatted code: a comment begins a line or follows a blank. */
export function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/(^|\s)\/\/ .*$/gm, '$1')
}

/** What a file imports; targets inside the project are paths below `src`, others stay as they are written. */
export function importsOf(file: string, text: string): Import[] {
  const code = withoutComments(text)
  const statements = code.matchAll(
    /^(?:import|export)(?<type> type)? ?(?<names>\*[^']*|\{[^}]*\}[^']*|[^'{]*)'(?<target>[^']+)'/gm,
  )
  const calls = code.matchAll(/(?<type>typeof )?\bimport\('(?<target>[^']+)'\)(?<member>\.[A-Z])?/g)
  const found: Import[] = []
  for (const { groups } of statements) {
    if (!/^$|from $/.test(groups?.names ?? '')) continue
    found.push({ target: resolve(file, groups?.target ?? ''), lazy: false, typeOnly: groups?.type !== undefined })
  }
  for (const { groups } of calls) {
    const typeOnly = groups?.type !== undefined || groups?.member !== undefined
    found.push({ target: resolve(file, groups?.target ?? ''), lazy: true, typeOnly })
  }
  return found
}

function resolve(file: string, target: string): string {
  return target.startsWith('.') ? posix.join(posix.dirname(file), target).replace(/\.js$/, '.ts') : target
}

/** Every module that loading one file loads with it: files below `src` and outside modules, types left out. */
export function loadedWith(tree: SourceTree, file: string): Set<string> {
  const seen = new Set<string>()
  const open = [file]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    const loaded = importsOf(next, tree.get(next) ?? '').filter((one) => !one.lazy && !one.typeOnly)
    open.push(...loaded.map((one) => one.target))
  }
  return seen
}
