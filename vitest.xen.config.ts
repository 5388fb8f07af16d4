import { defineConfig } from 'vitest/config'
import lab from './vitest.lab.config.js'

/** Tests that run on the lab's other machine, a Xen with its dom0. */
export default defineConfig({
  ...lab,
  test: { ...lab.test, include: ['test/lab/xen/*.test.ts'], globalSetup: 'test/lab/xen/setup.ts' },
})
