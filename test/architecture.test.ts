import { describe, expect, it } from 'vitest'
import { importsOf, loadedWith, readSourceTree, type SourceTree, withoutComments } from './source-tree.js'

/**
 * The house, from the ground up. A file imports from lower floors or its own room only.
 * A room is a folder of `src`, or one of the two files that stand alone.
 */
const floors: readonly (readonly string[])[] = [
  ['errors.ts'],
  ['async'],
  ['xml', 'os'],
  ['model'],
  ['backend.ts', 'formats', 'dom', 'wire'],
  ['host'],
  ['manager'],
  ['backends'],
  ['api'],
  ['entry points'],
  ['cli'],
]

/** Outside packages, and the one room that knows each. */
const packages: Readonly<Record<string, string>> = {
  saxes: 'xml',
  '@xmldom/xmldom': 'dom',
  xpath: 'dom',
  xmlbuilder2: 'dom',
  commander: 'cli',
  picocolors: 'cli',
}

/** Node's modules that reach nothing outside the process. All others belong to the rooms that do. */
const harmless = [
  'buffer',
  'crypto',
  'diagnostics_channel',
  'events',
  'path',
  'stream',
  'timers/promises',
  'url',
  'util',
]
const roomsThatReachOut = ['os', 'cli']

/** Rooms that run on any platform, browsers included. */
const portable = /^(xml|model|formats|dom|host|backends\/mock)\b|^(errors|backend|mock)\.ts$/

const longest = 400
const longestTable = 600
const widestComment = 120
/** How a file says that it is a table: its first line. */
const tableMark = /^\/\/ Table: \S/

function roomOf(file: string): string {
  const [first = ''] = file.split('/')
  return file.includes('/') || first === 'errors.ts' || first === 'backend.ts' ? first : 'entry points'
}

/** Backends are rooms of their own inside `backends/`: a file or a folder each. */
function backendOf(file: string): string | undefined {
  return /^backends\/([^/.]+)/.exec(file)?.[1]
}

const floorOf = (file: string): number => floors.findIndex((rooms) => rooms.includes(roomOf(file)))
const isEntryPoint = (file: string): boolean => roomOf(file) === 'entry points'

const neighbours = new WeakMap<SourceTree, Map<string, string[]>>()
/** What each file imports of the tree, types and lazily too: files in any circle can only be read all at once. */
function neighboursIn(tree: SourceTree): Map<string, string[]> {
  const known = neighbours.get(tree)
  if (known) return known
  const made = new Map<string, string[]>()
  for (const [file, text] of tree) {
    const imports = importsOf(file, text).filter(({ target }) => tree.has(target))
    made.set(
      file,
      imports.map(({ target }) => target),
    )
  }
  neighbours.set(tree, made)
  return made
}

/** What a file breaks, a sentence each. */
type Rule = (file: string, text: string, tree: SourceTree) => string[]

const rules: Readonly<Record<string, Rule>> = {
  'stands on a floor of the house': (file) => (floorOf(file) < 0 ? [`${roomOf(file)} is on no floor`] : []),

  'imports from lower floors or its own room': (file, text) =>
    importsOf(file, text)
      .map(({ target }) => target)
      .filter((target) => target.endsWith('.ts'))
      .filter((target) => roomOf(target) !== roomOf(file) && floorOf(target) >= floorOf(file)),

  'stands in no circle of imports': (file, _, tree) => {
    const seen = new Set<string>()
    const open = [file]
    for (let next = open.pop(); next !== undefined; next = open.pop())
      for (const target of neighboursIn(tree).get(next) ?? []) {
        if (target === file) return [`by way of ${next}`]
        if (!seen.has(target)) open.push(target)
        seen.add(target)
      }
    return []
  },

  'imports a package in the room that knows it': (file, text) =>
    importsOf(file, text)
      .map(({ target }) => target)
      .filter((target) => !target.endsWith('.ts') && !target.startsWith('node:'))
      .filter((target) => packages[target] !== roomOf(file)),

  'leaves the outside to os and cli': (file, text) =>
    importsOf(file, text)
      .map(({ target }) => target)
      .filter((target) => target.startsWith('node:') && !harmless.includes(target.slice('node:'.length)))
      .filter(() => !roomsThatReachOut.includes(roomOf(file))),

  'uses the public API alone in cli': (file, text) =>
    importsOf(file, text)
      .map(({ target }) => target)
      .filter((target) => roomOf(file) === 'cli' && target.endsWith('.ts'))
      .filter((target) => roomOf(target) !== 'cli' && !isEntryPoint(target)),

  'knows no devices in wire': (file, text) =>
    importsOf(file, text)
      .map(({ target }) => target)
      .filter((target) => roomOf(file) === 'wire' && roomOf(target) === 'model'),

  'knows no other backend': (file, text) =>
    importsOf(file, text)
      .map(({ target }) => backendOf(target))
      .filter((other) => other !== undefined)
      .filter((other) => backendOf(file) !== undefined && backendOf(file) !== other),

  'runs on any platform where it is meant to': (file, text, tree) => {
    if (!portable.test(file)) return []
    const modules = [...loadedWith(tree, file)].filter((target) => target.startsWith('node:'))
    const globals = withoutComments(text).match(/\b(?:(?:Buffer|process)\.|setImmediate\()/g) ?? []
    return [...modules, ...globals]
  },

  'has a name that says what it is about': (file) =>
    file
      .split('/')
      .filter((part) => /^(utils?|helpers?|common|misc|shared)(\.|$)/.test(part) || !/^[a-z0-9-]+(\.ts)?$/.test(part)),

  'is no barrel': (file, text) => {
    const statements = withoutComments(text)
      .replace(/^export [^=]*? from '[^']+'$/gm, '')
      .trim()
    if (isEntryPoint(file)) {
      const everything = text.match(/^export \* .*$/gm) ?? []
      return [
        ...everything,
        ...(statements === '' ? [] : [`an entry point only re-exports: ${statements.slice(0, 60)}`]),
      ]
    }
    return statements === '' || file.endsWith('/index.ts') ? ['it only re-exports'] : []
  },

  'has no default export': (_, text) => text.match(/^export default .*$|\bas default\b/gm) ?? [],
  'has no mutable module state': (_, text) => text.match(/^(export )?(let|var) .*$/gm) ?? [],
  'has no import.meta': (_, text) => withoutComments(text).match(/import\.meta/g) ?? [],

  'is short enough to read': (_, text) => {
    const lines = text.trimEnd().split('\n').length
    const limit = tableMark.test(text) ? longestTable : longest
    return lines > limit ? [`${lines} lines, the limit is ${limit}`] : []
  },
  'has comments no wider than code': (_, text) => text.split('\n').filter(isWideComment),
}

/** A line that is comment from its start; the formatter sees to code, and leaves comments alone. */
function isWideComment(line: string): boolean {
  return line.length > widestComment && /^\s*(\/?\*|\/\/)/.test(line)
}

function broken(rule: string, tree: SourceTree): string[] {
  return [...tree].flatMap(([file, text]) =>
    (rules[rule]?.(file, text, tree) ?? []).map((fault) => `${file}: ${fault}`),
  )
}

describe('each source file', () => {
  it.each(Object.keys(rules))('%s', (rule) => {
    expect(broken(rule, readSourceTree())).toEqual([])
  })
})

describe.each(['test', 'bench', 'examples', 'scripts'])('each file of %s', (folder) => {
  it('has comments no wider than code', () => {
    const tree = readSourceTree(folder)
    expect([tree.size > 3, broken('has comments no wider than code', tree)]).toEqual([true, []])
  })
})

describe('the entry points', () => {
  it('load no backend before it is asked for', () => {
    const tree = readSourceTree()
    expect([...loadedWith(tree, 'index.ts')].filter((file) => backendOf(file) !== undefined)).toEqual([])
  })
})

describe('the rules', () => {
  it.each<[rule: string, file: string, text: string]>([
    ['stands on a floor of the house', 'attic/box.ts', ''],
    ['imports from lower floors or its own room', 'model/pci.ts', `import { list } from '../host/list.js'`],
    ['imports from lower floors or its own room', 'dom/build.ts', `import type { A } from '../formats/qemu.js'`],
    ['imports from lower floors or its own room', 'api/a.ts', `import {\n  b,\n  c,\n} from '../index.js'`],
    ['imports from lower floors or its own room', 'xml/a.ts', `const a = () => import('../model/a.js')`],
    ['stands in no circle of imports', 'model/a.ts', `import type { A } from './a.js'`],
    ['stands in no circle of imports', 'model/a.ts', `const a = () => import('./a.js')`],
    ['imports a package in the room that knows it', 'model/a.ts', `import { SaxesParser } from 'saxes'`],
    ['leaves the outside to os and cli', 'host/a.ts', `import { readFileSync } from 'node:fs'`],
    ['leaves the outside to os and cli', 'wire/a.ts', `import { connect } from 'node:net'`],
    ['uses the public API alone in cli', 'cli/a.ts', `import { VirtError } from '../errors.js'`],
    ['knows no devices in wire', 'wire/a.ts', `import type { Def } from '../model/def.js'`],
    ['knows no other backend', 'backends/qemu/a.ts', `import { run } from '../xen.js'`],
    ['runs on any platform where it is meant to', 'xml/a.ts', `import { join } from 'node:path'`],
    ['runs on any platform where it is meant to', 'model/a.ts', `const a = Buffer.from('a')`],
    ['has a name that says what it is about', 'xml/utils.ts', ''],
    ['has a name that says what it is about', 'xml/XmlReader.ts', ''],
    ['is no barrel', 'xml/all.ts', `export { a } from './a.js'\nexport {\n  b,\n} from './b.js'`],
    ['is no barrel', 'index.ts', `export * from './api/connect.js'`],
    ['is no barrel', 'mock.ts', `export { a } from './a.js'\nexport const b = 1`],
    ['has no default export', 'xml/a.ts', 'export default 1'],
    ['has no mutable module state', 'xml/a.ts', 'let a = 1'],
    ['has no import.meta', 'os/a.ts', 'const here = import.meta.url'],
    ['is short enough to read', 'xml/a.ts', 'a\n'.repeat(401)],
    ['is short enough to read', 'xml/a.ts', `// Table: PCI classes\n${'a\n'.repeat(600)}`],
    ['has comments no wider than code', 'xml/a.ts', `/**\n  * ${'a '.repeat(60)}\n */`],
    ['has comments no wider than code', 'xml/a.ts', `const a = 1\n// ${'a'.repeat(118)}`],
  ])('notice a file that breaks "%s": %s', (rule, file, text) => {
    expect(broken(rule, new Map([[file, text]]))).toHaveLength(1)
  })

  it('notice a circle of types, and every file in it', () => {
    const tree = new Map([
      ['model/a.ts', `import type { B } from './b.js'`],
      ['model/b.ts', `import { type C, c } from './c.js'`],
      ['model/c.ts', `export type { A } from './a.js'`],
      ['model/d.ts', `import type { A } from './a.js'`],
    ])
    expect(broken('stands in no circle of imports', tree)).toEqual([
      'model/a.ts: by way of model/c.ts',
      'model/b.ts: by way of model/a.ts',
      'model/c.ts: by way of model/b.ts',
    ])
  })

  it('let a well-built file pass', () => {
    const text = `import { VirtError } from '../errors.js'
import { number } from '../xml/text.js'

/** Use: \`import fs from 'node:fs'\`, let it be: https://example.org */
export const size = number('size') // let us not mind import.meta here
`
    const tree = new Map([['model/size.ts', text]])
    expect(Object.keys(rules).flatMap((rule) => broken(rule, tree))).toEqual([])
  })
})
