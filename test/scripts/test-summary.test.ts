import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../source-tree.js'

const folder = mkdtempSync(join(tmpdir(), 'hostdev-summary-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Test = readonly [status: string, fullName: string]

function summary(...tests: Test[]): { status: number | null; lines: string[] } {
  const report = join(folder, 'report.json')
  const assertionResults = tests.map(([status, fullName]) => ({ status, fullName }))
  const status = tests.some(([status]) => status === 'failed') ? 'failed' : 'passed'
  writeFileSync(report, JSON.stringify({ testResults: [{ name: 'a.test.ts', status, message: '', assertionResults }] }))
  return run(report)
}

function run(report: string): { status: number | null; lines: string[] } {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/test-summary.mjs', report], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status, lines: stdout.trimEnd().split('\n') }
}

describe('test-summary', () => {
  it('counts, with the reason of each skip above', () => {
    expect(summary(['passed', 'a b'], ['skipped', 'tide (skipped: no moon) rises'])).toEqual({
      status: 0,
      lines: ['skipped (no moon): tide rises', '1 passed, 0 failed, 1 skipped'],
    })
  })

  it.each<[string, Test, string]>([
    ['a test failed', ['failed', 'tide rises'], 'failed: tide rises'],
    ['a skip has no reason', ['skipped', 'tide rises'], 'failed: tide rises: skipped without a reason'],
  ])('fails when %s', (_, test, line) => {
    const { status, lines } = summary(test)
    expect(status).toBe(1)
    expect(lines[0]).toContain(line)
    expect(lines[1]).toBe('0 passed, 1 failed, 0 skipped')
  })

  it('fails when a report is missing', () => {
    expect(run(join(folder, 'none.json'))).toMatchObject({ status: 1 })
  })
})
