// What takes hours: the tests that draw their cases or that race, again and again, each round from another seed.
// `npm run nightly -- MINUTES`, eight hours unless told. The report, docs/nightly.md, is written anew after each round.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root } from './bundle.mjs'

/** Tests whose outcome may depend on who comes first. */
const races = /crash\.test\.ts$|^test\/(os\/locks?|host\/device-watch)\.test\.ts$/
const draws = /from '(fast-check|\.\.?\/.*(mutants|seed)\.js)'/

const minutes = Number(process.argv[2] ?? 8 * 60)
const files = readdirSync(join(root, 'test'), { recursive: true })
  .map((file) => `test/${file}`)
  .filter((file) => file.endsWith('.test.ts') && !/^test\/(live|lab)\//.test(file))
  .filter((file) => races.test(file) || draws.test(readFileSync(join(root, file), 'utf8')))
const suites = [
  { config: 'vitest.config.ts', files },
  { config: 'vitest.live.config.ts', files: ['test/live/hostdev-differential.test.ts'] },
]

const begun = new Date()
const counts = { passed: 0, failed: 0, skipped: 0 }
const seeds = []
const failures = []
const folder = mkdtempSync(join(tmpdir(), 'hostdev-nightly-'))
process.on('exit', () => rmSync(folder, { recursive: true }))

while (seeds.length === 0 || Date.now() - begun < minutes * 60_000) {
  const seed = Math.floor(Math.random() * 2 ** 31)
  for (const suite of suites) run(suite, seed)
  seeds.push(seed)
  writeFileSync(join(root, 'docs/nightly.md'), page())
  console.log(`round ${seeds.length}, seed ${seed}: ${summary()}`)
}
process.exitCode = counts.failed > 0 ? 1 : 0

function run({ config, files }, seed) {
  const report = join(folder, 'report.json')
  const argv = ['vitest', 'run', '--config', config, '--reporter=json', `--outputFile=${report}`, ...files]
  const env = { ...process.env, HOSTDEV_SEED: String(seed), SEED: String(seed), CRASH_ALL: '1' }
  const { stderr } = spawnSync('npx', argv, { cwd: root, env, encoding: 'utf8', maxBuffer: 1e9 })
  let results = []
  try {
    results = JSON.parse(readFileSync(report, 'utf8')).testResults
    rmSync(report)
  } catch {
    fail(seed, config, `no report was written: ${stderr.trim().split('\n').at(-1)}`)
  }
  for (const { name, status, message, assertionResults } of results) {
    const file = relative(root, name)
    for (const test of assertionResults) {
      if (test.status === 'failed') fail(seed, file, `${test.fullName}: ${test.failureMessages[0]}`)
      else counts[test.status === 'passed' ? 'passed' : 'skipped'] += 1
    }
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) fail(seed, file, message)
  }
}

function fail(seed, file, message) {
  counts.failed += 1
  failures.push({ seed, file, message: message.split('\n')[0].slice(0, 300) })
}

function summary() {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
}

function page() {
  const lasted = Math.round((Date.now() - begun) / 60_000)
  const found = failures.map(({ seed, file, message }) => {
    const live = file.startsWith('test/live/') ? ' --config vitest.live.config.ts' : ''
    return `- \`HOSTDEV_SEED=${seed} SEED=${seed} CRASH_ALL=1 npx vitest run${live} ${file}\`: ${message}`
  })
  return `# The last nightly run

Written by \`npm run nightly\`, which repeats what draws its cases at random (properties, mutants, damaged documents and
frames, hostile hosts), what races (crashes in the middle of changes, locks, watches) and the comparison of random host
devices with libvirt, each round from another seed.

| | |
|---|---|
| begun | ${begun.toISOString().slice(0, 16).replace('T', ' ')} UTC |
| lasted | ${lasted} minutes |
| machine | ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node} |
| files | ${files.length + 1} |
| rounds | ${seeds.length} |
| tests | ${summary()} |
| seeds | ${seeds.join(', ')} |

${found.length === 0 ? 'No failure was found.' : found.join('\n')}
`
}
