import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import lab from './vitest.lab.config.js'

/** By name, so that the suites that share a boot follow each other: one Xen for the first of them, another for the rest. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1))
  }
}

/** Tests that run on the lab's other machine, a Xen with its dom0. */
export default defineConfig({
  ...lab,
  test: {
    ...lab.test,
    include: ['test/lab/xen/*.test.ts'],
    globalSetup: 'test/lab/xen/setup.ts',
    sequence: { sequencer: ByName },
    // a dom0 under emulation that shares its processors with others' work takes minutes for what takes seconds
    testTimeout: 1_200_000,
  },
})
