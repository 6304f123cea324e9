import fc from 'fast-check'
import { newId } from '@rivulet/ids'
import { describe, expect, test } from 'vitest'
import { parseDestination, shownDestination } from '../destination.ts'
import type { PainVersion } from './pain-version.ts'
import { endToEndIdOf, paymentFile, type PaymentFile, payoutOf } from './pain001.ts'
import { checkSchema } from './schema-check.ts'

const eur = { code: 'EUR', scale: 9 }
const faultsOf = async (contents: string, version: PainVersion = 'pain.001.001.09'): Promise<readonly string[]> => (await checkSchema(contents, version)).faults
const ibans = ['DE89370400440532013000', 'FR1420041010050500013M02606', 'NL91ABNA0417164300', 'BE68539007547034', 'MT84MALT011000012345MTLCAST001S']

function file(names: readonly string[], amounts: readonly bigint[] = names.map(() => 12_340_000_000n), version: PainVersion = 'pain.001.001.09'): PaymentFile {
  return {
    version, messageId: newId('btch', 0).replace('_', '-'), createdMs: Date.parse('2026-11-20T21:03:04.567Z'), executionDate: '2026-11-23', debtor: { name: 'Rivulet Demo', iban: ibans[0] ?? '', bic: 'COBADEFFXXX' }, asset: eur,
    payments: names.map((given, index) => {
      const destination = parseDestination({ rail: 'sepa', name: given, iban: ibans[index % ibans.length] })
      if (destination.rail !== 'sepa') throw new Error('no account')
      const endToEndId = endToEndIdOf(newId('pout', index), 1 + index)
      return { endToEndId, amount: amounts[index] ?? 1n, creditor: destination, remittance: `Payout ${endToEndId}` }
    }),
  }
}

describe('a file for the bank', () => {
  test('is valid pain.001.001.09, whatever people are called', async () => {
    const text = paymentFile(file(['Mara Lindqvist', 'Zoë Müller & Söhne <GmbH>', 'Tomás O’Brien', 'Łukasz "Ł" Ąć', 'É'.repeat(70)]))
    expect(await faultsOf(text)).toEqual([])
    expect(text).toContain('<Nm>Zoe Muller + Sohne GmbH</Nm>')
    expect(text).toContain('<Nm>Lukasz L Ac</Nm>')
    expect(text).toContain('<InstdAmt Ccy="EUR">12.34</InstdAmt>')
    expect(text).toContain('<CtrlSum>61.70</CtrlSum>')
    expect(text).toContain('<ReqdExctnDt>\n        <Dt>2026-11-23</Dt>')
  })

  test.each([[undefined, undefined], ['BNPAFRPP', undefined], [undefined, 'COBADEFFXXX'], ['BNPAFRPPXXX', 'COBADEFF']])('is valid with BIC %s of the creditor and %s of ours: an IBAN is enough', async (theirs, ours) => {
    const given = file(['Mara'])
    const text = paymentFile({ ...given, debtor: { ...given.debtor, bic: ours }, payments: given.payments.map((payment) => ({ ...payment, creditor: { ...payment.creditor, bic: theirs } })) })
    expect(await faultsOf(text)).toEqual([])
    expect([text.includes('NOTPROVIDED'), text.match(/<BICFI>/g)?.length ?? 0]).toEqual([ours === undefined, [theirs, ours].filter((bic) => bic !== undefined).length])
  })

  test('is valid pain.001.001.03 too, for a bank that takes no newer message: with the names of 2009, and a date that stands alone', async () => {
    const text = paymentFile(file(['Mara Lindqvist', 'Zoë Müller & Söhne <GmbH>', 'É'.repeat(70)], undefined, 'pain.001.001.03'))
    expect(await faultsOf(text, 'pain.001.001.03')).toEqual([])
    expect([text.includes('urn:iso:std:iso:20022:tech:xsd:pain.001.001.03'), text.includes('<ReqdExctnDt>2026-11-23</ReqdExctnDt>'), text.includes('<BIC>COBADEFFXXX</BIC>')]).toEqual([true, true, true])
    expect([(await faultsOf(text)).length > 0, (await faultsOf(paymentFile(file(['Mara'])), 'pain.001.001.03')).length > 0]).toEqual([true, true])
  })

  test.each([[undefined, undefined], ['BNPAFRPP', undefined], [undefined, 'COBADEFFXXX'], ['BNPAFRPPXXX', 'COBADEFF']])('of 2009 is valid with BIC %s of the creditor and %s of ours', async (theirs, ours) => {
    const given = file(['Mara'], undefined, 'pain.001.001.03')
    const text = paymentFile({ ...given, debtor: { ...given.debtor, bic: ours }, payments: given.payments.map((payment) => ({ ...payment, creditor: { ...payment.creditor, bic: theirs } })) })
    expect(await faultsOf(text, 'pain.001.001.03')).toEqual([])
  })

  test('adds up for any amounts of whole cents', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.bigInt(1n, 99_999_999_999n), { minLength: 1, maxLength: 5 }), async (cents) => {
        const text = paymentFile(file(cents.map(() => 'Mara'), cents.map((each) => each * 10_000_000n)))
        const total = cents.reduce((sum, each) => sum + each, 0n)
        expect(text).toContain(`<CtrlSum>${total / 100n}.${String(total % 100n).padStart(2, '0')}</CtrlSum>`)
        expect(await faultsOf(text)).toEqual([])
      }),
      { numRuns: 10 },
    )
  })

  test.each([
    ['a name that is too long', (text: string) => text.replace('<Nm>Mara</Nm>', `<Nm>${'a'.repeat(71)}</Nm>`)],
    ['an amount of nothing', (text: string) => text.replace('>12.34</InstdAmt>', '>0.00</InstdAmt>')],
    ['three decimals', (text: string) => text.replace('>12.34</InstdAmt>', '>12.345</InstdAmt>')],
    ['another currency', (text: string) => text.replace('Ccy="EUR"', 'Ccy="USD"')],
    ['a letter that banks do not take', (text: string) => text.replace('<Nm>Mara</Nm>', '<Nm>M_ra</Nm>')],
    ['a name of 2009', (text: string) => text.replace('pain.001.001.09', 'pain.001.001.03')],
    ['a BIC under its name of 2009', (text: string) => text.replaceAll('BICFI', 'BIC')],
    ['a date as in 2009', (text: string) => text.replace(/<ReqdExctnDt>\s*<Dt>(.*)<\/Dt>\s*<\/ReqdExctnDt>/, '<ReqdExctnDt>$1</ReqdExctnDt>')],
    ['no account of the creditor', (text: string) => text.replace(/<CdtrAcct>[\s\S]*<\/CdtrAcct>/, '')],
    ['no bank of ours', (text: string) => text.replace(/<DbtrAgt>[\s\S]*<\/DbtrAgt>/, '')],
    ['no number of payments', (text: string) => text.replace('<NbOfTxs>1</NbOfTxs>', '')],
    ['an end-to-end id of 36 letters', (text: string) => text.replace(/<EndToEndId>[^<]*/, `<EndToEndId>${'a'.repeat(36)}`)],
    ['a purpose of 141 letters', (text: string) => text.replace(/<Ustrd>[^<]*/, `<Ustrd>${'a'.repeat(141)}`)],
    ['no payment', (text: string) => text.replace(/<CdtTrfTxInf>[\s\S]*<\/CdtTrfTxInf>/, '')],
    ['elements in another order', (text: string) => text.replace(/<PmtMtd>TRF<\/PmtMtd>\s*(<BtchBookg>.*<\/BtchBookg>)/, '$1<PmtMtd>TRF</PmtMtd>')],
  ])('with %s is refused by the schema', async (_name, spoil) => {
    const text = paymentFile(file(['Mara']))
    expect(spoil(text)).not.toBe(text)
    expect((await faultsOf(spoil(text)))[0]).toMatch(/^line \d+: .*Schemas validity error/)
  })
})

describe('where a payout goes', () => {
  test.each([
    ['a wrong check digit', { rail: 'sepa', name: 'Mara', iban: 'DE88370400440532013000' }, 'iban-invalid'],
    ['a digit too few', { rail: 'sepa', name: 'Mara', iban: 'DE8937040044053201300' }, 'iban-invalid'],
    ['no IBAN at all', { rail: 'sepa', name: 'Mara', iban: '' }, 'iban-invalid'],
    ['an account outside of SEPA', { rail: 'sepa', name: 'Mara', iban: 'BR1800360305000010009795493C1' }, 'iban-invalid'],
    ['a name of letters that no bank takes', { rail: 'sepa', name: '名前', iban: ibans[0] }, 'destination-invalid'],
    ['a wrong BIC', { rail: 'sepa', name: 'Mara', iban: ibans[0], bic: 'NONSENSE1' }, 'destination-invalid'],
    ['another way', { rail: 'pigeon', name: 'Mara' }, 'destination-invalid'],
    ['what belongs to another way', { rail: 'interledger', walletAddress: 'https://x.test', iban: ibans[0] }, 'destination-invalid'],
  ])('refuses %s', (_name, given, code) => {
    expect(() => parseDestination(given)).toThrowError(expect.objectContaining({ code }) as Error)
  })

  test('takes an IBAN as people write it, and shows no more of it than its ends', () => {
    const destination = parseDestination({ rail: 'sepa', name: 'Mara', iban: ' de89 3704 0044 0532 0130 00 ' })
    expect([destination, shownDestination(destination)]).toEqual([{ rail: 'sepa', name: 'Mara', iban: ibans[0] }, 'DE89 •••• 3000'])
  })
})

test('what the bank calls a payout leads back to it and to its attempt', () => {
  const id = newId('pout', 5)
  expect([payoutOf(endToEndIdOf(id, 1)), payoutOf(endToEndIdOf(id, 12)), payoutOf('NOTPROVIDED'), payoutOf(`${endToEndIdOf(id, 1)}-0`)]).toEqual([{ id, attempt: 1 }, { id, attempt: 12 }, undefined, undefined])
  expect(endToEndIdOf(id, 999).length).toBeLessThanOrEqual(35)
})
