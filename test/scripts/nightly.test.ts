import { describe, expect, it } from 'vitest'
import { NightlyRecord } from '../../scripts/nightly-record.mjs'

const part = { config: 'vitest.config.ts', files: ['test/os/lock.test.ts'] }
const passed = { fullName: 'a lock is had', status: 'passed', failureMessages: [] }
const failed = { fullName: 'a lock is kept', status: 'failed', failureMessages: ['expected /p/x to be /p/y\n at …'] }
const endless = {
  fullName: 'a lock is had for ever',
  status: 'failed',
  failureMessages: ['Error: STACK_TRACE_ERROR\n at'],
}
const reported = (status: string, ...assertionResults: object[]) => ({
  testResults: [{ name: '/p/test/os/lock.test.ts', status, message: '', assertionResults }],
})
const page = (record: NightlyRecord) => record.page({ begun: 0, ended: 900_000, machine: 'two cores' })

function recordOf(...ends: Parameters<NightlyRecord['add']>[1][]): NightlyRecord {
  const record = new NightlyRecord('/p', 1)
  for (const end of ends) {
    record.begin(7)
    record.add(part, end)
  }
  return record
}

describe('the record of a nightly run', () => {
  it('counts what passes and what is skipped, round by round', () => {
    const skipped = { ...passed, status: 'skipped' }
    const end = { report: reported('passed', passed, passed, skipped), status: 0, said: '' }
    const record = recordOf(end, end)
    expect([record.failed, record.summary()]).toEqual([false, '4 passed, 0 failed, 2 skipped'])
    expect(page(record)).toContain('| lasted | 15 minutes |')
    expect(page(record)).toContain('| whole rounds | 2 |')
    expect(page(record)).toContain('| seeds | 7, 7 |')
    expect(page(record)).toContain('\nNo failure was found.\n')
  })

  it.each([
    [
      'a test that fails',
      { report: reported('failed', passed, failed), status: 1, said: '' },
      /kept: expected \.\/x to/,
    ],
    [
      'a test that does not end',
      { report: reported('failed', endless), status: 1, said: '' },
      /ever: it did not end in/,
    ],
    ['a file that cannot be loaded', { report: reported('failed'), status: 1, said: '' }, /it could not be run/],
    ['a file that was not run', { report: { testResults: [] }, status: 0, said: 'none' }, /not in the report: none/],
    ['no report', { report: undefined, status: 1, said: 'out of memory' }, /not in the report: out of memory/],
    ['an error outside of tests', { report: reported('passed', passed), status: 1, said: 'oops' }, /status 1: oops/],
    ['a signal', { report: reported('passed', passed), status: null, said: '' }, /ended with status null/],
  ])('has a failure for %s, with the command that shows it', (_, end, said) => {
    const record = recordOf(end)
    expect([record.failed, record.summary()]).toEqual([true, expect.stringContaining('1 failed')])
    expect(page(record)).toMatch(said)
    expect(page(record)).toContain('- `HOSTDEV_SEED=7 SEED=7 CRASH_ALL=1 npx vitest run test/os/lock.test.ts`: ')
    expect(page(record)).not.toContain('No failure')
  })

  it('says how far the last round has come when the time was up', () => {
    const record = new NightlyRecord('/p', 3)
    record.begin(8)
    record.add(part, { report: reported('passed', passed), status: 0, said: '' })
    expect(page(record)).toContain('| whole rounds | 0; of another, 1 of 3 files |')
  })
})
