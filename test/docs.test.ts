import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VirtError } from '../src/errors.js'
import { root } from './source-tree.js'

const pages = ['.', 'docs', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
)
const read = (page: string): string => readFileSync(join(root, page), 'utf8')

describe('the documentation', () => {
  it.each(pages)('%s links to files that are there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link)
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
  })

  it('lists every page of docs in its index', () => {
    const listed = read('docs/README.md')
    const missing = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
    expect(missing.filter((page) => !listed.includes(`](${page.slice('docs/'.length)})`))).toEqual([])
  })

  it('explains every error code with its number', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([\w-]+)` \| (\d+) \|/gm)]
    expect(Object.fromEntries(rows.map(([, code, number]) => [code, Number(number)]))).toEqual(VirtError.numbers)
  })
})
