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
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    exclude: ['test/live/**', 'test/lab/**', '**/node_modules/**'],
    // Property tests take seconds on a slow machine with much to do.
    testTimeout: 20_000,
    coverage: { include: ['src/**'], reporter: ['text', 'html'] },
  },
})
