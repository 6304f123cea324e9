import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs, intervalMs, msUntil, nextTickMs, packetUnitsMin, phaseOf } from './pace.ts'

const alone = { streams: 1, packetsPerSecondMax: Infinity }

test.each([
  ['one asset', 1n, 100_000n, 1_000],
  ['a destination of 3 decimals less', 1_000n, 100_000n, 1_000],
  ['a destination of 5 decimals less', 100_000n, 1_000_000n, 10_000],
  ['a rate of 7 units a second', 1n, 7n, 14_286],
])('the interval is the time in which a packet is worth 100 destination units, at least a second: %s', (_name, denominator, rate, expected) => {
  expect(intervalMs(msUntil(packetUnitsMin({ numerator: 1n, denominator }), rate), alone)).toBe(expected)
})

test('streams of one link share the pace of its peer', () => {
  expect(intervalMs(msUntil(100n, 100_000n), { streams: 300, packetsPerSecondMax: 100 })).toBe(3_000)
})

test('ticks keep to their place in the interval and are never closer than half of it', () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 1_000, max: 30_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (nowMs, interval, phase) => {
    const next = nextTickMs(nowMs, interval, phase)
    expect(next - nowMs).toBeGreaterThanOrEqual(interval / 2 - 1e-3)
    expect(next - nowMs).toBeLessThanOrEqual(interval * 1.5 + 1e-3)
    const place = (((next - phase * interval) % interval) + interval) % interval
    expect(Math.min(place, interval - place)).toBeLessThan(1e-3)
  }))
})

test('phases fill the second evenly for any number of streams', () => {
  for (const count of [10, 100, 1_000, 3_000]) {
    const buckets = Array.from({ length: 10 }, () => 0)
    for (let index = 0; index < count; index += 1) {
      const bucket = Math.floor(phaseOf(index) * 10)
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
    }
    expect(Math.max(...buckets) - Math.min(...buckets)).toBeLessThanOrEqual(3)
  }
})

test('back-off doubles up to 30 s, half of it by chance, and is harder when the peer says T05', () => {
  expect([1, 2, 3, 6, 50].map((n) => backoffMs(n, 'T00', () => 0))).toEqual([500, 1_000, 2_000, 15_000, 15_000])
  expect([1, 2, 3, 6, 50].map((n) => backoffMs(n, 'T00', () => 1))).toEqual([1_000, 2_000, 4_000, 30_000, 30_000])
  expect(backoffMs(1, 'T05', () => 1)).toBe(4_000)
})
