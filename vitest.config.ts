import { defineConfig } from 'vitest/config'
import WaitingFirst from './tools/waiting-first.ts'

const exclude = ['**/dist/**', '**/node_modules/**']
/** Properties try ten times as many cases then, and take their time. */
const patienceTimes = process.env['RIVULET_TEST_LONG'] === '1' ? 10 : 1
const setupFiles = './tools/long-properties.ts'
const closing = ['default', './tools/closing-reporter.ts']
/** How long a state is waited for, unless a test says otherwise: as long as Playwright waits for an element. */
const patience = { poll: { timeout: 30_000 } }
/** What a crowded processor would slow down: at the end. */
const paced = ['tests/slow-database.test.ts', 'tests/soak/*.test.ts']
/** One of three waits for PostgreSQL. */
const parts = { maxWorkers: 3 }
/** Most tests of the whole system wait for seconds of real time: four at once, beside the simulation, use what one leaves. They begin when those of the parts are done. */
const whole = { maxWorkers: 5, sequence: { groupOrder: 1 } }

export default defineConfig({
  test: {
    reporters: closing,
    maxWorkers: 2,
    globalSetup: './tools/postgres-setup.ts',
    sequence: { sequencer: WaitingFirst },
    projects: [
      { test: { name: 'unit', include: ['packages/*/*/src/**/*.test.ts', 'apps/*/src/**/*.test.{ts,tsx}'], exclude: [...exclude, '**/*.pg.test.ts'], setupFiles, testTimeout: 60_000 * patienceTimes, isolate: false, ...parts } },
      { test: { name: 'pg', include: ['packages/*/*/src/**/*.pg.test.ts', 'apps/*/src/**/*.pg.test.ts'], exclude, expect: patience, setupFiles, testTimeout: 120_000 * patienceTimes, hookTimeout: 60_000, isolate: false, ...parts } },
      // Virtual time, at a low priority: it takes what those beside it leave of the processor.
      { test: { name: 'simulation', include: ['tests/crash/simulator.test.ts'], exclude, expect: patience, testTimeout: 180_000, hookTimeout: 120_000, ...whole } },
      { test: { name: 'system', include: ['tests/**/*.test.ts'], exclude: [...exclude, 'tests/crash/simulator.test.ts', ...paced], expect: patience, setupFiles, testTimeout: 180_000, hookTimeout: 120_000, isolate: false, ...whole } },
      { test: { name: 'paced', include: paced, exclude, expect: patience, testTimeout: 180_000, hookTimeout: 120_000, sequence: { groupOrder: 2 } } },
      { test: { name: 'tidy', include: ['tools/**/*.test.ts'], exclude, testTimeout: 120_000, sequence: { groupOrder: 3 } } },
    ],
  },
})
