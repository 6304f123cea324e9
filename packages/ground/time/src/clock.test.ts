import { expect, test } from 'vitest'
import { TestClock } from './testing.ts'

test('timers run in order of time, each seeing its own instant, and a cancelled one does not run', async () => {
  const clock = new TestClock(0)
  const seen: string[] = []
  clock.after(20, () => seen.push(`b@${clock.nowMs()}`))
  clock.after(10, () => {
    seen.push(`a@${clock.nowMs()}`)
    clock.after(5, () => seen.push(`c@${clock.nowMs()}`))
  })
  clock.after(12, () => seen.push('never')).cancel()
  await clock.advance(19)
  expect(seen).toEqual(['a@10', 'c@15'])
  await clock.advance(1)
  expect(seen).toEqual(['a@10', 'c@15', 'b@20'])
  expect(clock.waiting).toBe(0)
})

test('what awaits a sleep goes on before time moves further', async () => {
  const clock = new TestClock(0)
  const woken: number[] = []
  const sleeper = async (): Promise<void> => {
    for (let round = 0; round < 3; round += 1) {
      await clock.sleep(10)
      woken.push(clock.nowMs())
    }
  }
  const done = sleeper()
  await clock.advance(100)
  await done
  expect(woken).toEqual([10, 20, 30])
})
