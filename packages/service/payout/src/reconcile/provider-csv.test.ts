import { describe, expect, test } from 'vitest'
import { providerStatementOf } from './provider-csv.ts'

const eur = { code: 'EUR', scale: 9 }
const cent = 10_000_000n
const header = 'balance_transaction_id,created_utc,available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,payment_intent_id,payment_metadata[rivulet_charge],transfer_metadata[payout],transfer_metadata[attempt]'
const read = (text: string, more: { readonly fromDay?: string; readonly toDay?: string } = {}) =>
  providerStatementOf({ provider: 'stripe', name: 'january', text, asset: eur, chargeKeyOf: (_provider, reference) => Promise.resolve(reference === 'pi_2' ? 'subs_b/1' : undefined), ...more })

describe('Stripe’s itemized balance report', () => {
  test('becomes what happened to each charge, what was taken for it, what was sent to the bank and to publishers', async () => {
    const { lines, fromMs, toMs } = await read(
      `\uFEFF${[
        header,
        'txn_1,2027-01-03 10:00:00,2027-01-05 00:00:00,eur,5.00,0.33,4.67,charge,ch_1,"Plan ""Reader"", one month",pi_1,subs_a/1,,',
        'txn_2,2027-01-03 11:00:00,2027-01-05 00:00:00,eur,15.00,0.48,14.52,charge,ch_2,,pi_2,,,',
        'txn_3,2027-01-04 00:00:00,2027-01-04 00:00:00,eur,-5.00,15.00,-20.00,dispute,dp_1,,pi_1,subs_a/1,,',
        'txn_4,2027-01-14 00:00:00,2027-01-14 00:00:00,eur,5.00,-15.00,20.00,dispute_reversal,dp_1,,pi_1,subs_a/1,,',
        'txn_5,2027-01-15 00:00:00,2027-01-15 00:00:00,eur,-2.00,0.00,-2.00,refund,re_1,,pi_2,,,',
        'txn_6,2027-01-16 00:00:00,2027-01-16 00:00:00,eur,-9.75,0.00,-9.75,transfer,tr_1,,,,pout_x,2',
        'txn_7,2027-01-17 00:00:00,2027-01-17 00:00:00,eur,-7.44,0.00,-7.44,payout,po_1,STRIPE PAYOUT,,,,',
        'txn_8,2027-01-18 00:00:00,2027-01-18 00:00:00,eur,-2.00,0.00,-2.00,fee,,Radar,,,,',
      ].join('\r\n')}\r\n`)
    expect(lines.map(({ kind, reference, amount }) => `${kind} ${reference} ${amount / cent}`)).toEqual([
      'charge subs_a/1 500', 'fee subs_a/1 -33', 'charge subs_b/1 1500', 'fee subs_b/1 -48', 'dispute subs_a/1 -500', 'dispute-cost subs_a/1 -1500', 'dispute-won subs_a/1 500', 'dispute-cost subs_a/1 1500',
      'refund subs_b/1 -200', 'payout pout_x/2 -975', 'settlement po_1 -744', 'other fee txn_8 -200',
    ])
    expect([new Date(fromMs).toISOString(), new Date(toMs).toISOString()]).toEqual(['2027-01-03T00:00:00.000Z', '2027-01-18T23:59:59.999Z'])
  })

  test('covers the days that are named', async () => {
    const { fromMs, toMs } = await read(`${header}\ntxn_1,2027-01-03 10:00:00,,eur,5.00,0.33,4.67,charge,ch_1,,pi_1,subs_a/1,,`, { fromDay: '2027-01-01', toDay: '2027-01-31' })
    expect([new Date(fromMs).toISOString(), new Date(toMs).toISOString()]).toEqual(['2027-01-01T00:00:00.000Z', '2027-01-31T23:59:59.999Z'])
  })
})

test('the plain form says the same in five columns, in any order, to the last unit', async () => {
  const { lines } = await read('at,currency,kind,reference,amount\n2027-01-03T10:00:00Z,EUR,charge,subs_a/1,5.000000001\n2027-01-03,eur,fee,subs_a/1,-0.33\n2027-01-04T02:00:00+02:00,EUR,settlement,po_1,-4.67\n')
  expect(lines).toEqual([
    { kind: 'charge', reference: 'subs_a/1', amount: 5_000_000_001n, atMs: Date.parse('2027-01-03T10:00:00Z') },
    { kind: 'fee', reference: 'subs_a/1', amount: -33n * cent, atMs: Date.parse('2027-01-03T00:00:00Z') },
    { kind: 'settlement', reference: 'po_1', amount: -467n * cent, atMs: Date.parse('2027-01-04T00:00:00Z') },
  ])
})

const plain = 'kind,reference,amount,currency,at\n'
test.each([
  ['nothing', '', 'no line'],
  ['a header alone', plain, 'no line'],
  ['another form', 'id,Type,Amount\ntxn_1,charge,5.00\n', 'must name the columns kind, reference, amount'],
  ['too few columns in a line', `${plain}charge,c1,5.00\n`, 'no CSV'],
  ['an open quote', `${plain}charge,"c1,5.00,EUR,2027-01-03\n`, 'no CSV'],
  ['another currency', `${plain}charge,c1,5.00,USD,2027-01-03\n`, 'line 2: it is in USD'],
  ['no currency', `${plain}charge,c1,5.00,,2027-01-03\n`, 'line 2: it is in no currency'],
  ['a decimal comma', `${plain}charge,c1,"5,00",EUR,2027-01-03\n`, 'line 2: not an amount'],
  ['more decimals than there are', `${plain}charge,c1,5.0000000001,EUR,2027-01-03\n`, 'line 2: EUR has 9 decimals'],
  ['an exponent', `${plain}charge,c1,5e3,EUR,2027-01-03\n`, 'line 2: not an amount'],
  ['a huge amount', `${plain}charge,c1,9999999999999,EUR,2027-01-03\n`, 'line 2: an amount cannot exceed'],
  ['an unknown kind', `${plain}charge,c1,5.00,EUR,2027-01-03\nbribe,c1,5.00,EUR,2027-01-03\n`, 'line 3: kind must be one of'],
  ['no reference', `${plain}charge,,5.00,EUR,2027-01-03\n`, 'line 2: reference must be'],
  ['a day of another calendar', `${plain}charge,c1,5.00,EUR,03/01/2027\n`, 'line 2: "03/01/2027" is no time'],
  ['a day that does not exist', `${plain}charge,c1,5.00,EUR,2027-13-03\n`, 'line 2: "2027-13-03" is no time'],
])('%s is refused in words that say what to change', async (_what, text, message) => {
  await expect(read(text)).rejects.toMatchObject({ code: 'statement-invalid', message: expect.stringContaining(message) as string })
})
