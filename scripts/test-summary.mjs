// Sums up vitest's JSON reports: each skip with its reason, each failure, and last `N passed, N failed, N skipped`.
// Fails when a test failed, a report is missing, or a test was skipped without saying why.
import { existsSync, readFileSync } from 'node:fs'

const counts = { passed: 0, failed: 0, skipped: 0 }
const skips = []
const failures = []

for (const report of process.argv.slice(2)) {
  if (!existsSync(report)) fail(`${report} was not written`)
  else for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) count(file)
}

function count(file) {
  for (const { status, fullName } of file.assertionResults) {
    if (status === 'passed') counts.passed += 1
    else if (status === 'failed') fail(fullName)
    else skip(fullName)
  }
  const loaded = file.status !== 'failed' || file.assertionResults.some(({ status }) => status === 'failed')
  if (!loaded) fail(`${file.name} does not load: ${file.message.split('\n')[0]}`)
}

function skip(title) {
  const reason = / \(skipped: (.*?)\)/.exec(title)?.[1]
  if (reason === undefined) return fail(`${title}: skipped without a reason; use needs() of test/needs.ts`)
  counts.skipped += 1
  skips.push(`skipped (${reason}): ${title.replace(` (skipped: ${reason})`, '')}`)
}

function fail(what) {
  counts.failed += 1
  failures.push(`failed: ${what}`)
}

for (const line of [...skips, ...failures]) console.log(line)
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
process.exitCode = counts.failed > 0 ? 1 : 0
