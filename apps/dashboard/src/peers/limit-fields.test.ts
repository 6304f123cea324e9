import { expect, test } from 'vitest'
import { noLimits, readLimits, textsOf } from './limit-fields.tsx'

const asset = { code: 'USD', scale: 9 }
const limits = { packetAmountMax: 1_000_000_000n, packetsPerSecondMax: 1_000, packetsBurstMax: 1_000, outgoingPacketsPerSecondMax: null, owedMax: 10_500_000_000n, settlementThreshold: null }

test('a peer’s limits are shown in its currency and the reader’s decimal mark, and unchanged ones are not sent', () => {
  const texts = textsOf({ limits, asset }, 'fr')
  expect(texts).toEqual({ owedMax: '10,5', settlementThreshold: '', packetAmountMax: '1', packetsPerSecondMax: '1000', packetsBurstMax: '1000', outgoingPacketsPerSecondMax: '' })
  expect(readLimits(texts, texts, asset)).toEqual({ limits: {}, wrong: [] })
})

test('what is typed becomes units; an emptied threshold and pace become none; what is no amount is named', () => {
  const before = { ...textsOf({ limits, asset }, 'en'), settlementThreshold: '5', outgoingPacketsPerSecondMax: '50' }
  expect(readLimits({ ...before, owedMax: '0', settlementThreshold: '', packetAmountMax: '0.25', outgoingPacketsPerSecondMax: ' ' }, before, asset)).toEqual({
    limits: { owedMax: '0', settlementThreshold: null, packetAmountMax: '250000000', outgoingPacketsPerSecondMax: null }, wrong: [],
  })
  expect(readLimits({ ...before, owedMax: 'much', packetsPerSecondMax: '0', packetsBurstMax: '' }, before, asset)).toEqual({ limits: {}, wrong: ['owedMax', 'packetsPerSecondMax', 'packetsBurstMax'] })
})

test('of a new peer only what was typed is sent', () => expect(readLimits({ ...noLimits, owedMax: '3' }, noLimits, asset)).toEqual({ limits: { owedMax: '3000000000' }, wrong: [] }))
