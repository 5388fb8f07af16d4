import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { needs } from './needs.js'
import { root } from './source-tree.js'

interface Manifest {
  version: string
  engines: { node: string }
  exports: Record<string, unknown>
  bin: Record<string, string>
  files: string[]
  scripts: Record<string, string>
}

interface Lock {
  packages: Record<string, { optionalDependencies?: Record<string, string> }>
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const manifest: Manifest = JSON.parse(read('package.json'))

/** The files of `src` that stand alone and are no entry points. */
const inside = ['errors.ts', 'backend.ts']
const entryPoints = readdirSync(join(root, 'src'))
  .filter((file) => file.endsWith('.ts') && !inside.includes(file))
  .map((file) => file.replace(/\.ts$/, ''))

describe('package.json', () => {
  it('exports every entry point, with types, to import and to require', () => {
    const build = (folder: string, name: string) => ({
      types: `./dist/${folder}/${name}.d.ts`,
      default: `./dist/${folder}/${name}.js`,
    })
    const expected = entryPoints.map((name) => [
      name === 'index' ? '.' : `./${name}`,
      { import: build('esm', name), require: build('cjs', name) },
    ])
    const files = ['./package.json', ...readdirSync(join(root, 'schema')).map((file) => `./schema/${file}`)]
    expect(manifest.exports).toEqual(Object.fromEntries([...expected, ...files.map((file) => [file, file])]))
  })

  it('lists files that are there or are built', () => {
    expect(manifest.files.filter((file) => file !== 'dist' && !existsSync(join(root, file)))).toEqual([])
    expect(manifest.bin).toEqual({ hostdev: 'dist/cli/hostdev.js' })
  })

  it('runs nothing when it is installed', () => {
    expect(Object.keys(manifest.scripts).filter((name) => /^((pre|post)?install|prepare)$/.test(name))).toEqual([])
  })
})

describe('package-lock.json', () => {
  // A mirror that lacks another platform's package makes npm leave it out, and then `npm ci`
  // refuses the file elsewhere.
  it('lists the packages of every platform', () => {
    const { packages }: Lock = JSON.parse(read('package-lock.json'))
    const wanted = Object.values(packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}))
    const listed = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)))
    expect(wanted.filter((name) => !listed.has(name))).toEqual([])
  })

  it('names no host to download from', () => {
    expect(read('package-lock.json')).not.toContain('"resolved": "http')
  })
})

describe('CHANGELOG.md', () => {
  const headings = [...read('CHANGELOG.md').matchAll(/^## (\S+)/gm)].map(([, heading]) => heading)

  it('begins with what is not released yet', () => {
    expect(headings[0]).toBe('Unreleased')
  })

  it('has the version of package.json as its newest release, if there has been one', () => {
    expect([undefined, manifest.version]).toContain(headings[1])
  })
})

describe('README.md', () => {
  const readme = read('README.md')

  it('asks for the Node version that package.json asks for', () => {
    expect(`>=${/Node >= ([\d.]+)/.exec(readme)?.[1]}`).toBe(manifest.engines.node)
  })

  it('shows scripts that package.json has', () => {
    const shown = [...readme.matchAll(/\bnpm (?:run ([\w:]+)|(start|test)\b)/g)].map(
      ([, script, short]) => script ?? short,
    )
    expect(shown).toEqual(expect.arrayContaining(['start', 'test']))
    expect(shown.filter((script) => !Object.hasOwn(manifest.scripts, script ?? ''))).toEqual([])
  })

  const written = ['index.ts', 'mock.ts'].every((file) => existsSync(join(root, 'src', file)))
  needs('src/index.ts or src/mock.ts is not written yet', written).it(
    'shows the code of examples/first-steps.ts, which is checked and run',
    () => {
      const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
      const example = read('examples/first-steps.ts').replace(/^(\/\/.*\n)+\n?/, '')
      expect(code).toBe(example)
    },
  )
})
