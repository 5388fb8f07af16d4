import { defineConfig } from 'vitest/config'
import unit from './vitest.config.js'

/**
 * Tests that run in the lab, a virtual host with real devices; they are skipped, with the reason, where it cannot run.
 */
export default defineConfig({
  resolve: unit.resolve ?? {},
  test: {
    include: ['test/lab/*.test.ts'],
    globalSetup: 'test/lab/setup.ts',
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // All suites share one booted machine: tests that change it must not meet.
    fileParallelism: false,
  },
})
