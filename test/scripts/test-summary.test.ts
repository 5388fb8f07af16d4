import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../source-tree.js'

const folder = mkdtempSync(join(tmpdir(), 'hostdev-summary-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Test = readonly [status: string, fullName: string]

/** What is said of a report of one file with these tests, as vitest writes it. */
function summary(tests: readonly Test[], status = 'passed'): { status: number | null; lines: string[] } {
  const report = join(folder, 'report.json')
  const assertionResults = tests.map(([status, fullName]) => ({ status, fullName }))
  const file = { name: join(root, 'test/tide.test.ts'), status, message: '', assertionResults }
  writeFileSync(report, JSON.stringify({ testResults: [file] }))
  return run(report)
}

function run(report: string): { status: number | null; lines: string[] } {
  const argv = ['scripts/test-summary.mjs', report]
  const { status, stdout } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' })
  return { status, lines: stdout.trimEnd().split('\n') }
}

describe('test-summary', () => {
  it('counts, with the reason of each skip above', () => {
    const tests: Test[] = [
      ['passed', 'sun rises'],
      ['skipped', 'tide (skipped: no moon) rises'],
      ['skipped', 'tide (skipped: no moon) falls'],
      ['skipped', 'sky is blue (skipped: clouds)'],
    ]
    expect(summary(tests)).toEqual({
      status: 0,
      lines: ['skipped (no moon): tide: 2 tests', 'skipped (clouds): sky is blue', '1 passed, 0 failed, 3 skipped'],
    })
  })

  it('fails when a test failed', () => {
    expect(summary([['failed', 'tide rises']], 'failed')).toEqual({
      status: 1,
      lines: ['failed: tide rises', '0 passed, 1 failed, 0 skipped'],
    })
  })

  it('fails when a skip has no reason', () => {
    expect(summary([['skipped', 'tide rises']])).toEqual({
      status: 1,
      lines: [
        'failed: tide rises: skipped without a reason; use needs() of test/needs.ts',
        '0 passed, 1 failed, 0 skipped',
      ],
    })
  })

  it('fails once when a file fails outside its tests', () => {
    expect(summary([['skipped', 'tide rises']], 'failed')).toEqual({
      status: 1,
      lines: [
        'skipped (its file fails outside its tests): tide rises',
        'failed: test/tide.test.ts: fails outside its tests',
        '0 passed, 1 failed, 1 skipped',
      ],
    })
  })

  it('fails when a report is missing', () => {
    expect(run(join(folder, 'none.json'))).toMatchObject({ status: 1 })
  })
})
