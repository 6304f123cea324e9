import { expect, test } from 'vitest'
import { isMonetizationRel, isMonetizationType, monetizationEventData } from './index.ts'

const paid = {
  requestId: '6f1c', amount: '100000', assetCode: 'EUR', assetScale: 9,
  received: { amount: '117', assetCode: 'USD', assetScale: 6 }, receipt: 'AQ==', incomingPayment: null,
}

test('an event tells what was sent as a decimal of the payer and what arrived in units of the receiver', () => {
  expect(monetizationEventData(paid, 'https://wallet.example/alice')).toEqual({
    amountSent: { currency: 'EUR', value: '0.000100000' }, paymentPointer: 'https://wallet.example/alice', incomingPayment: null,
    amount: '117', assetCode: 'USD', assetScale: 6, receipt: 'AQ==',
  })
})

test.each([
  ['1', 0, '1'],
  ['1', 2, '0.01'],
  ['4611686018427387904', 9, '4611686018.427387904'],
])('%s units at scale %i are sent as %s, to the last unit', (amount, assetScale, value) => {
  expect(monetizationEventData({ ...paid, amount, assetScale }, 'https://wallet.example/alice').amountSent.value).toBe(value)
})

test.each(['1.5', '-1', '', '1e3'])('an amount %j is refused', (amount) => {
  expect(() => monetizationEventData({ ...paid, amount }, 'https://wallet.example/alice')).toThrow('not a whole number of units')
})

test.each(['monetization', 'Monetization', 'monetization me', 'me\tMONETIZATION\n', ' monetization '])('rel %j is monetization', (rel) => expect(isMonetizationRel(rel)).toBe(true))
test.each(['', 'monetizations', 'me', 'x-monetization', 'monet\u0131zation', 'me\u00a0monetization'])('rel %j is not monetization', (rel) => expect(isMonetizationRel(rel)).toBe(false))
test.each(['', 'application/json', ' Application/JSON ', 'application/json; charset=utf-8'])('type %j is processed', (type) => expect(isMonetizationType(type)).toBe(true))
test.each(['text/html', 'application/jsonx', 'json', 'application/ld+json'])('type %j is not processed', (type) => expect(isMonetizationType(type)).toBe(false))
