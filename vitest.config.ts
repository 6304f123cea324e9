import { defineConfig } from 'vitest/config'

const exclude = ['**/dist/**', '**/node_modules/**']
const closing = ['default', './tools/closing-reporter.ts']
const postgres = ['./tools/postgres-setup.ts']
/** What a crowded processor would slow down: at the end, two at a time. */
const paced = ['tests/slow-database.test.ts', 'tests/interop/two-instances.test.ts', 'tests/soak/*.test.ts']

export default defineConfig({
  test: {
    reporters: closing,
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: ['packages/*/*/src/**/*.test.ts', 'apps/*/src/**/*.test.{ts,tsx}'], exclude: [...exclude, '**/*.pg.test.ts'], isolate: false } },
      { test: { name: 'pg', include: ['packages/*/*/src/**/*.pg.test.ts'], exclude, globalSetup: postgres, testTimeout: 60_000, hookTimeout: 60_000 } },
      // Virtual time: it may share the processor with the tests above, while those of the whole system run after them.
      { test: { name: 'simulation', include: ['tests/crash/simulator.test.ts'], exclude, globalSetup: postgres, testTimeout: 180_000, hookTimeout: 120_000 } },
      // Most tests of the whole system wait for seconds of real time: three at once use what one leaves.
      { test: { name: 'system', include: ['tests/**/*.test.ts'], exclude: [...exclude, 'tests/crash/simulator.test.ts', ...paced], globalSetup: postgres, testTimeout: 180_000, hookTimeout: 120_000, maxWorkers: 3, sequence: { groupOrder: 1 } } },
      { test: { name: 'paced', include: paced, exclude, globalSetup: postgres, testTimeout: 180_000, hookTimeout: 120_000, sequence: { groupOrder: 2 } } },
      { test: { name: 'tidy', include: ['tools/**/*.test.ts'], exclude, testTimeout: 120_000 } },
    ],
  },
})
