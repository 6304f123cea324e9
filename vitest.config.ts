import { defineConfig } from 'vitest/config'

const exclude = ['**/dist/**', '**/node_modules/**']
const closing = ['default', './tools/closing-reporter.ts']
const postgres = ['./tools/postgres-setup.ts']

export default defineConfig({
  test: {
    reporters: closing,
    // Most tests of the whole system wait for seconds of real time: two at once use what one leaves.
    maxWorkers: 2,
    projects: [
      { test: { name: 'unit', include: ['packages/*/*/src/**/*.test.ts', 'apps/*/src/**/*.test.{ts,tsx}'], exclude: [...exclude, '**/*.pg.test.ts'] } },
      { test: { name: 'pg', include: ['packages/*/*/src/**/*.pg.test.ts'], exclude, globalSetup: postgres, testTimeout: 60_000, hookTimeout: 60_000 } },
      // Virtual time: it may share the processor with the tests above, while those of the whole system run after them.
      { test: { name: 'simulation', include: ['tests/crash/simulator.test.ts'], exclude, globalSetup: postgres, testTimeout: 180_000, hookTimeout: 120_000 } },
      { test: { name: 'system', include: ['tests/**/*.test.ts'], exclude: [...exclude, 'tests/crash/simulator.test.ts'], globalSetup: postgres, testTimeout: 180_000, hookTimeout: 120_000, sequence: { groupOrder: 1 } } },
      { test: { name: 'tidy', include: ['tools/**/*.test.ts'], exclude, testTimeout: 120_000 } },
    ],
  },
})
