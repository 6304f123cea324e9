import fc from 'fast-check'
import { expect, test } from 'vitest'
import { trendOf } from './trend.ts'

const noise = fc.array(fc.double({ min: -0.01, max: 0.01, noNaN: true }), { minLength: 20, maxLength: 40 })

test('noise of one percent around a level is no trend, even with an outlier', () => {
  fc.assert(fc.property(noise, fc.nat(), (parts, at) => {
    const samples = parts.map((part) => 100 * (1 + part))
    samples[at % samples.length] = 300
    expect(trendOf(samples).part).toBeLessThan(0.03)
  }))
})

test('a leak of ten percent over the window is seen in noise of one percent', () => {
  fc.assert(fc.property(noise, (parts) => {
    const samples = parts.map((part, index) => 100 * (1 + part) * (1 + (0.14 * index) / parts.length))
    expect(trendOf(samples).part).toBeGreaterThan(0.05)
  }))
})

test('what grows only at the beginning is flat', () => {
  expect(trendOf([10, 40, 80, 100, 100, 100, 101, 100, 100, 99, 100, 100]).part).toBeLessThan(0.01)
})

test('a step is no trend, wherever it stands', () => {
  fc.assert(fc.property(noise, fc.nat(), (parts, at) => {
    const samples = parts.map((part, index) => (index < at % parts.length ? 100 : 115) * (1 + part / 2))
    expect(trendOf(samples).part).toBeLessThan(0.03)
  }))
})
