import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TestClock } from './testing.ts'
import { TimerWheel, WheelTimer } from './timer-wheel.ts'

class Probe extends WheelTimer {
  readonly firedMs: number[] = []
  readonly #clock: TestClock
  readonly #then: (probe: Probe) => void

  constructor(clock: TestClock, then: (probe: Probe) => void = () => {}) {
    super()
    this.#clock = clock
    this.#then = then
  }

  override fire(): void {
    this.firedMs.push(this.#clock.monotonicMs())
    this.#then(this)
  }
}

test('every timer fires once, never early and at most one tick late, whatever is added, moved and removed meanwhile', async () => {
  const command = fc.oneof(
    fc.record({ kind: fc.constant('add'), timer: fc.nat(9), delayMs: fc.nat(3_000) }),
    fc.record({ kind: fc.constant('remove'), timer: fc.nat(9), delayMs: fc.constant(0) }),
    fc.record({ kind: fc.constant('wait'), timer: fc.constant(0), delayMs: fc.nat(2_000) }),
  )
  await fc.assert(fc.asyncProperty(fc.array(command, { maxLength: 30 }), async (commands) => {
    const clock = new TestClock()
    const wheel = new TimerWheel({ clock, tickMs: 10, slots: 16 })
    const probes = Array.from({ length: 10 }, () => new Probe(clock))
    const due = new Map<Probe, number>()
    const settle = () => {
      const nowMs = clock.monotonicMs()
      const wrong = probes.filter((probe) => {
        const dueMs = due.get(probe)
        const fired = probe.firedMs.splice(0)
        if (fired.length === 0) return dueMs !== undefined && nowMs >= dueMs + 10
        due.delete(probe)
        // A timer that falls due on a tick that has just been fired waits for the next one.
        return dueMs === undefined || fired.length > 1 || (fired[0] ?? 0) < dueMs || (fired[0] ?? 0) > dueMs + 10
      })
      expect(wrong).toEqual([])
      expect(wheel.size).toBe(due.size)
    }
    for (const { kind, timer, delayMs } of commands) {
      const probe = probes[timer] as Probe
      if (kind === 'add') {
        wheel.add(probe, clock.monotonicMs() + delayMs)
        due.set(probe, clock.monotonicMs() + delayMs)
      } else if (kind === 'remove') {
        wheel.remove(probe)
        due.delete(probe)
      } else {
        for (let left = delayMs; left > 0; left -= 10) {
          await clock.advance(Math.min(10, left))
          settle()
        }
      }
    }
    for (let left = 3_100; left > 0; left -= 100) await clock.advance(100)
    settle()
    expect(due.size).toBe(0)
    expect(clock.waiting).toBe(0)
  }), { numRuns: 8 })
})

test('a thousand timers wait on one timer of the clock', async () => {
  const clock = new TestClock()
  const wheel = new TimerWheel({ clock })
  const probes = Array.from({ length: 1_000 }, () => new Probe(clock))
  for (const [index, probe] of probes.entries()) wheel.add(probe, 500 + index / 10)
  expect(clock.waiting).toBe(1)
  await clock.advance(1_000)
  expect(probes.every((probe) => probe.firedMs.length === 1)).toBe(true)
  expect(clock.waiting).toBe(0)
})

test('a timer may add itself again, add others and remove one that is due at the same moment', async () => {
  const clock = new TestClock()
  const wheel = new TimerWheel({ clock, tickMs: 5 })
  const never = new Probe(clock)
  const other = new Probe(clock)
  const steady = new Probe(clock, (probe) => {
    wheel.add(probe, clock.monotonicMs() + 100)
    wheel.remove(never)
    if (!other.waiting && other.firedMs.length === 0) wheel.add(other, 0)
  })
  wheel.add(steady, 100)
  wheel.add(never, 100)
  await clock.advance(1_000)
  expect(steady.firedMs).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000])
  expect(other.firedMs).toEqual([105])
  expect(never.firedMs).toEqual([])
})

test('a stall longer than a revolution fires everything that is due, once', async () => {
  const clock = new TestClock()
  const wheel = new TimerWheel({ clock, tickMs: 5, slots: 8 })
  const probes = [1, 20, 39, 41, 200, 4_000].map((dueMs) => {
    const probe = new Probe(clock)
    wheel.add(probe, dueMs)
    return probe
  })
  clock.jump(1_000)
  await clock.advance(0)
  expect(probes.map((probe) => probe.firedMs.length)).toEqual([1, 1, 1, 1, 1, 0])
  await clock.advance(3_000)
  expect(probes.at(-1)?.firedMs).toEqual([4_000])
})

test('a disposed wheel fires nothing any more', async () => {
  const clock = new TestClock()
  const wheel = new TimerWheel({ clock })
  const probe = new Probe(clock)
  wheel.add(probe, 100)
  wheel[Symbol.dispose]()
  wheel.add(new Probe(clock), 50)
  await clock.advance(1_000)
  expect(probe.firedMs).toEqual([])
  expect(clock.waiting).toBe(0)
})
