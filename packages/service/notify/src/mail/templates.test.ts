import { describe, expect, test } from 'vitest'
import { languageOf } from './language.ts'
import { type MailContent, render } from './templates.ts'

const money = { amount: 1_234_500_000n, asset: { code: 'EUR', scale: 9 } }
const url = 'https://wallet.example/x?a=1&b=2'
const all: readonly MailContent[] = [
  { template: 'confirm-address', fields: { url } },
  { template: 'account-exists', fields: { url } },
  { template: 'reset-password', fields: { url } },
  { template: 'confirm-payment', fields: { plan: '<b>Plan</b>', price: money, untilMs: Date.parse('2027-02-03'), url } },
  { template: 'trial-ends', fields: { plan: '<b>Plan</b>', price: money, period: 'month', endsMs: Date.parse('2027-02-03'), url } },
  { template: 'trial-ends', fields: { plan: 'Plan', price: money, period: 'year', endsMs: Date.parse('2027-02-03'), url } },
  { template: 'renewal-failed', fields: { plan: '<b>Plan</b>', price: money, retryAtMs: Date.parse('2027-02-03'), url } },
  { template: 'renewal-failed', fields: { plan: 'Plan', price: money, retryAtMs: undefined, url } },
  { template: 'subscription-ended', fields: { plan: 'Plan', url } },
  { template: 'receipt', fields: { plan: 'Plan', paid: money, paidMs: 0, url } },
  { template: 'share-returned', fields: { returned: money, running: true, url } },
  { template: 'share-returned', fields: { returned: money, running: false, url } },
  { template: 'payout-sent', fields: { payout: money, fee: { ...money, amount: 0n }, to: 'FR76 … 0189', url } },
  { template: 'payout-returned', fields: { payout: money, reason: 'AC04 <script>', url } },
  { template: 'payout-moved', fields: { to: 'FR76 •••• 0189', url } },
  { template: 'site-lost', fields: { site: 'mara<script>.example', url } },
  { template: 'passkey-added', fields: { url } },
  { template: 'account-erased', fields: { url } },
]

describe.each(all)('the mail $template', (content) => {
  test.each(['en', 'fr'] as const)('in %s has a subject of one line, leads to its page in both forms, and lets no markup in', (language) => {
    const { subject, text, html } = render(content, language)
    expect(subject).toMatch(/^[^\n]{5,80}$/)
    expect(text).toContain(url)
    expect(html).toContain('href="https://wallet.example/x?a=1&amp;b=2"')
    expect(html).not.toMatch(/<script|<b>/)
    expect(text).not.toContain('undefined')
    const moneyed = 'payout' in content.fields || 'price' in content.fields || 'paid' in content.fields || 'returned' in content.fields
    expect(text.includes(language === 'en' ? '€1.2345' : '1,2345\u00a0€')).toBe(moneyed)
  })

  test('differs between the languages', () => expect(render(content, 'fr').text).not.toBe(render(content, 'en').text))
})

test('English days are those of the operator’s English, British unless told', () => {
  const receipt: MailContent = { template: 'receipt', fields: { plan: 'Plan', paid: money, paidMs: Date.parse('2027-02-03'), url } }
  expect(([undefined, 'en-GB', 'en-US'] as const).map((english) => /On (.*) you paid/.exec(render(receipt, 'en', english).text)?.[1])).toEqual(['3 February 2027', '3 February 2027', 'February 3, 2027'])
})

test('a currency that Intl does not know is written by its code', () => {
  expect(render({ template: 'receipt', fields: { plan: 'Plan', paid: { amount: 12n, asset: { code: 'POINTS', scale: 1 } }, paidMs: 0, url } }, 'en').subject).toBe('Receipt: 1.2 POINTS')
})

test.each([['fr-CH, en;q=0.8', 'fr'], ['de, en;q=0.8, fr', 'en'], ['de', 'en'], ['', 'en'], [undefined, 'en'], [null, 'en'], ['FR', 'fr'], ['x'.repeat(100_000), 'en']])('whoever asks for %j is written to in %s', (header, language) => expect(languageOf(header)).toBe(language))
