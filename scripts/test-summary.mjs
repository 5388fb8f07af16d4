// Sums up vitest's JSON reports: the skips with their reasons, each failure, and last `N passed, N failed, N skipped`.
// Fails when a test failed, a report is missing, or a test was skipped without saying why.
import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

const counts = { passed: 0, failed: 0, skipped: 0 }
const failures = []
/** How many tests were skipped, by the line that says which and why. */
const skips = new Map()

for (const report of process.argv.slice(2)) {
  if (!existsSync(report)) fail(`${report} was not written`)
  else for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) count(file)
}

function count({ name, status, message, assertionResults }) {
  // It does not load, or a hook of it fails: its tests are then skipped, or there are none.
  const broken = status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
  if (broken) fail(`${relative('.', name)}: ${message.split('\n')[0] || 'fails outside its tests'}`)
  for (const test of assertionResults) {
    if (test.status === 'passed') counts.passed += 1
    else if (test.status === 'failed') fail(test.fullName)
    else skip(test.fullName, broken ? 'its file fails outside its tests' : undefined)
  }
}

function skip(title, otherwise) {
  // needs() of test/needs.ts puts the reason behind the title of the test, or of the suite that holds it.
  const [, what, reason] = /^(.*?) \(skipped: (.*?)\)/.exec(title) ?? [title, title, otherwise]
  if (reason === undefined) return fail(`${title}: skipped without a reason; use needs() of test/needs.ts`)
  counts.skipped += 1
  const line = `skipped (${reason}): ${what}`
  skips.set(line, (skips.get(line) ?? 0) + 1)
}

function fail(what) {
  counts.failed += 1
  failures.push(`failed: ${what}`)
}

for (const [line, times] of skips) console.log(times > 1 ? `${line}: ${times} tests` : line)
for (const line of failures) console.log(line)
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exitCode = counts.failed > 0 ? 1 : 0
