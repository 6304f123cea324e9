import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { TestClock } from '@rivulet/time/testing'
import { type Heed, Reading } from './reading.ts'

const site = 'https://news.example'
let clock: TestClock
let heard: Heed[]
let reading: Reading

beforeEach(() => {
  clock = new TestClock()
  heard = []
  reading = new Reading(clock, (heed) => heard.push(heed))
})

function read(seconds: number, payees: readonly string[], of = site): void {
  for (let second = 0; second < seconds; second += 1) {
    reading.look(of, payees)
    clock.jump(1_000)
  }
  reading.look(of, payees)
}

const got = (payee: string): bigint => heard.reduce((sum, heed) => (heed.payee === payee ? sum + heed.attentionMs : sum), 0n)

describe('whom she reads', () => {
  test('is counted in full once the visit has lasted eight seconds, and not at all before', () => {
    read(7, ['a'])
    expect(heard).toEqual([])
    read(1, ['a'])
    expect(heard).toEqual([{ site, payee: 'a', attentionMs: 8_000n, score: 1_000_000n }])
  })

  test('begins another visit after her last page of the site is gone', () => {
    read(7, ['a'])
    reading.look('', [])
    reading.left(site)
    read(7, ['a'])
    expect(heard).toEqual([])
  })

  test('shares her time equally, to the millisecond', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 30, maxLength: 60 }), (steps) => {
        clock = new TestClock()
        heard = []
        reading = new Reading(clock, (heed) => heard.push(heed))
        reading.look(site, ['a', 'b', 'c'])
        for (const step of steps) {
          clock.jump(step)
          reading.look(site, ['a', 'b', 'c'])
        }
        const passed = BigInt(steps.reduce((sum, step) => sum + step, 0))
        const each = passed / 3n
        for (const payee of ['a', 'b', 'c']) expect(got(payee)).toBe(each < 8_000n ? 0n : each)
      }),
    )
  })

  test('is a forgotten tab after an hour in which nothing changed, and somebody again when something does', () => {
    read(3_600 + 600, ['a'])
    expect(got('a')).toBe(3_600_000n)
    read(100, ['b'])
    expect(got('b')).toBe(100_000n)
  })

  test('is nobody while the machine sleeps', () => {
    read(10, ['a'])
    clock.jump(8 * 3_600_000)
    reading.look(site, ['a'])
    expect(got('a')).toBe(10_000n + 25_000n)
  })
})
