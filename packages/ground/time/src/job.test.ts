import { Fault } from '@rivulet/faults'
import { expect, test } from 'vitest'
import { type JobRun, watched } from './job.ts'
import { TestClock } from './testing.ts'

test('a turn is told of with its times, and a failed one with the code of why', async () => {
  const clock = new TestClock()
  const runs: JobRun[] = []
  const options = { clock, everyMs: 5_000, watch: (run: JobRun) => void runs.push(run) }
  const startedAtMs = clock.nowMs()
  const turn = watched(async () => {
    await clock.sleep(40)
    return 7
  }, options)
  await clock.advance(40)
  expect(await turn).toBe(7)
  await expect(watched(() => Promise.reject(new Fault('database-unavailable', 'away')), options)).rejects.toThrow('away')
  await expect(watched(() => Promise.reject(new Error('odd')), options)).rejects.toThrow('odd')
  const endedAtMs = startedAtMs + 40
  const later = { startedAtMs: endedAtMs, endedAtMs, nextAtMs: endedAtMs + 5_000 }
  expect(runs).toEqual([{ startedAtMs, endedAtMs, nextAtMs: endedAtMs + 5_000, error: undefined }, { ...later, error: 'database-unavailable' }, { ...later, error: 'internal' }])
})
