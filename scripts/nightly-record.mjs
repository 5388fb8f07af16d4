import { relative } from 'node:path'

const firstLine = (text) => text.split('\n')[0]

/** Why a test has failed; of one that did not end in time vitest's JSON has lost the words. */
function reason({ failureMessages: [message = 'no reason is given'] }) {
  const said = firstLine(message)
  return /^(Error: )?STACK_TRACE_ERROR$/.test(said) ? 'it did not end in time' : said
}

/** What a nightly run has seen so far, as vitest reports it, and the page that says so. */
export class NightlyRecord {
  #root
  #files
  #counts = { passed: 0, failed: 0, skipped: 0 }
  #rounds = []
  #failures = []

  /** `root` is the project's folder, which no page shows; `files` how many files a round has. */
  constructor(root, files) {
    this.#root = root
    this.#files = files
  }

  get failed() {
    return this.#counts.failed > 0
  }

  /** Begins a round. */
  begin(seed) {
    this.#rounds.push({ seed, files: 0 })
  }

  /**
   * Takes in how some files of the round have ended: each test, each file that could not be loaded, each file that was
   * to be run and is not in the report, and an exit status that nothing of these explains.
   */
  add({ config, files }, { report, status, said }) {
    const before = this.#counts.failed
    const results = report?.testResults ?? []
    for (const { name, status: outcome, message, assertionResults } of results) {
      const file = relative(this.#root, name)
      const failed = assertionResults.filter((test) => test.status === 'failed')
      for (const test of failed) this.#fail(config, file, `${test.fullName}: ${reason(test)}`)
      if (outcome !== 'passed' && failed.length === 0) this.#fail(config, file, message || 'it could not be run')
      for (const test of assertionResults)
        if (test.status !== 'failed') this.#counts[test.status === 'passed' ? 'passed' : 'skipped'] += 1
    }
    const reported = results.map(({ name }) => relative(this.#root, name))
    for (const file of files) if (!reported.includes(file)) this.#fail(config, file, `it is not in the report: ${said}`)
    if (status !== 0 && this.#counts.failed === before)
      this.#fail(config, files.join(' '), `vitest has ended with status ${status}: ${said}`)
    this.#rounds.at(-1).files += files.length
  }

  summary() {
    const { passed, failed, skipped } = this.#counts
    return `${passed} passed, ${failed} failed, ${skipped} skipped`
  }

  page({ begun, ended, machine }) {
    const whole = this.#rounds.filter(({ files }) => files === this.#files).length
    const last = this.#rounds.at(-1)
    const rest = last.files === this.#files ? '' : `; of another, ${last.files} of ${this.#files} files`
    return `# The last nightly run

Written by \`npm run nightly\`, which repeats what draws its cases at random (properties, mutants, damaged documents and
frames, hostile hosts), what races (crashes in the middle of changes, locks, watches) and the comparison of random host
devices with libvirt, each round from another seed.

| | |
|---|---|
| begun | ${new Date(begun).toISOString().slice(0, 16).replace('T', ' ')} UTC |
| lasted | ${Math.round((ended - begun) / 60_000)} minutes |
| machine | ${machine} |
| files in a round | ${this.#files} |
| whole rounds | ${whole}${rest} |
| tests | ${this.summary()} |
| seeds | ${this.#rounds.map(({ seed }) => seed).join(', ')} |

${this.#failures.length === 0 ? 'No failure was found.' : this.#failures.join('\n')}
`
  }

  #fail(config, file, message) {
    this.#counts.failed += 1
    const { seed } = this.#rounds.at(-1)
    const live = config === 'vitest.config.ts' ? '' : ` --config ${config}`
    const said = firstLine(message).replaceAll(this.#root, '.').slice(0, 300)
    this.#failures.push(`- \`HOSTDEV_SEED=${seed} SEED=${seed} CRASH_ALL=1 npx vitest run${live} ${file}\`: ${said}`)
  }
}
