import { defineConfig } from 'vitest/config'
import unit from './vitest.config.js'

/** Tests that talk to real daemons; they skip themselves, with the reason, where one is absent. */
export default defineConfig({
  resolve: unit.resolve ?? {},
  test: {
    include: ['test/live/**/*.test.ts'],
    globalSetup: 'test/live/setup.ts',
    testTimeout: 60_000,
    // One host and one daemon: tests that change them must not meet.
    fileParallelism: false,
  },
})
