// What takes hours: the tests that draw their cases or that race, again and again, each round from another seed.
// `npm run nightly -- MINUTES`, eight hours unless told. The report, docs/nightly.md, is written anew after each part
// of a round; when the time is up, the part that runs is the last. Exits with 1 when anything has failed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './bundle.mjs'
import { NightlyRecord } from './nightly-record.mjs'

/** Tests whose outcome may depend on who comes first. */
const races = /crash\.test\.ts$|^test\/(os\/locks?|host\/device-watch)\.test\.ts$/
const draws = /from '(fast-check|\.\.?\/.*(mutants|seed)\.js)'/
/** How many files vitest gets at once: starting it costs seconds, and a crash test may last for minutes. */
const together = 6
/** Milliseconds for a test that sets itself no limit: a machine that is busy with something else is slow, not wrong. */
const patience = 600_000

const minutes = Number(process.argv[2] ?? 8 * 60)
if (!(minutes >= 0)) throw new Error(`'${process.argv[2]}' is no number of minutes`)
const files = readdirSync(join(root, 'test'), { recursive: true })
  .map((file) => `test/${file}`)
  .filter((file) => file.endsWith('.test.ts') && !/^test\/(live|lab)\//.test(file))
const racing = files.filter((file) => races.test(file))
const drawing = files.filter((file) => !races.test(file) && draws.test(readFileSync(join(root, file), 'utf8')))
const parts = [
  ...partsOf(drawing, together),
  { config: 'vitest.live.config.ts', files: ['test/live/hostdev-differential.test.ts'] },
  ...partsOf(racing, 1),
]

const begun = Date.now()
const record = new NightlyRecord(root, parts.flatMap((part) => part.files).length)
const folder = mkdtempSync(join(tmpdir(), 'hostdev-nightly-'))
process.on('exit', () => rmSync(folder, { recursive: true }))

for (let rounds = 0; rounds === 0 || isTime(); rounds++) {
  const seed = Math.floor(Math.random() * 2 ** 31)
  record.begin(seed)
  for (const part of parts) {
    record.add(part, run(part, seed))
    const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}`
    writeFileSync(join(root, 'docs/nightly.md'), record.page({ begun, ended: Date.now(), machine }))
    console.log(`seed ${seed}, ${part.files.join(' ')}: ${record.summary()}`)
    if (!isTime()) break
  }
}
process.exitCode = record.failed ? 1 : 0

function isTime() {
  return Date.now() - begun < minutes * 60_000
}

function partsOf(files, size) {
  const count = Math.ceil(files.length / size)
  return Array.from({ length: count }, (_, part) => ({
    config: 'vitest.config.ts',
    files: files.slice(part * size, (part + 1) * size),
  }))
}

/** What vitest has reported, how it has ended, and the last line of what it said. */
function run({ config, files }, seed) {
  const path = join(folder, 'report.json')
  const limits = [`--testTimeout=${patience}`, `--hookTimeout=${patience}`]
  const argv = ['vitest', 'run', '--config', config, '--reporter=json', `--outputFile=${path}`, ...limits, ...files]
  const env = { ...process.env, HOSTDEV_SEED: String(seed), SEED: String(seed), CRASH_ALL: '1' }
  const { status, stdout, stderr } = spawnSync('npx', argv, { cwd: root, env, encoding: 'utf8', maxBuffer: 1e9 })
  const said = `${stdout}\n${stderr}`.trim().split('\n').at(-1) ?? ''
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'))
    rmSync(path)
    return { report, status, said }
  } catch (error) {
    return { report: undefined, status, said: `${said} (${error.code ?? error.message})` }
  }
}
