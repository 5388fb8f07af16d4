import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const src = fileURLToPath(new URL('./src', import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^hostdev$/, replacement: `${src}/index.ts` },
      { find: /^hostdev\/(.+)$/, replacement: `${src}/$1.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'examples/*-vitest.ts'],
    // a machine that is busy with something else is slow, not wrong
    expect: { poll: { timeout: 15_000 } },
    setupFiles: ['test/setup.ts'],
    exclude: ['test/live/**', 'test/lab/**', '**/node_modules/**'],
    // No module of ours keeps state, so the files can share what they have loaded: that halves the time of most.
    isolate: false,
    // the default leaves a core to the watcher of files, which `vitest run` has not
    maxWorkers: '100%',
    // Property tests take seconds on a slow machine with much to do.
    testTimeout: 20_000,
    coverage: { include: ['src/**'], reporter: ['text', 'html'] },
  },
})
