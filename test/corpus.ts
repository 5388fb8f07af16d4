import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { shared } from './shared.js'

/**
 * Every document that the conformance cases of these corpora (all, unless told) are about, valid or not, once each;
 * none where the cases are absent.
 */
export function corpusDocuments(corpora?: readonly string[]): string[] {
  if (shared === undefined) return []
  const folder = join(shared, 'corpus', 'cases')
  const found = new Set<string>()
  for (const corpus of corpora ?? readdirSync(folder).sort()) {
    const lines = readFileSync(join(folder, corpus, 'open.jsonl'), 'utf8')
      .trim()
      .split('\n')
    for (const line of lines) collect(JSON.parse(line).input, found)
  }
  return [...found]
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) collect(each, found)
  else if (typeof value === 'string' && /^\s*</.test(value)) found.add(value)
}
