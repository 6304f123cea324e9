/** Where a payout goes: checked when it is written down, sealed where it is kept, shown only in part. */
import { isValidBIC, isValidIBAN, electronicFormatIBAN, isSEPACountry } from 'ibantools'
import { z } from 'zod'
import { PayoutFault } from './fault.ts'

/** Not every bank of SEPA takes them (EPC217-08). */
const otherLetters = /[^A-Za-z0-9/?:().,'+ -]/g
const holderCharactersMax = 70

export const destinationSchema = z.discriminatedUnion('rail', [
  z.strictObject({ rail: z.literal('manual'), instructions: z.string().trim().min(3).max(500).regex(/^[^\p{Cc}]*$/u, 'must be one line') }),
  z.strictObject({
    rail: z.literal('sepa'),
    name: z.string().trim().min(1).max(200).transform(plainName).refine((name) => name.length >= 1 && name.length <= holderCharactersMax, `must be 1 to ${holderCharactersMax} letters that banks take`),
    iban: z.string().max(60).transform((text) => electronicFormatIBAN(text) ?? ''),
    bic: z.string().trim().toUpperCase().refine(isValidBIC, 'must be a BIC of 8 or 11 characters').optional(),
  }),
  z.strictObject({ rail: z.literal('interledger'), walletAddress: z.string().trim().min(3).max(300) }),
  z.strictObject({ rail: z.literal('stripe'), account: z.string().trim().regex(/^acct_[A-Za-z0-9]{8,40}$/, 'must be the id of a Stripe account: acct_...') }),
])

export type Destination = z.output<typeof destinationSchema>

/** Throws `destination-invalid`, naming the field; `iban-invalid`. */
export function parseDestination(given: unknown): Destination {
  const parsed = destinationSchema.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new PayoutFault('destination-invalid', `${issue === undefined || issue.path.length === 0 ? 'the destination' : issue.path.join('.')}: ${issue?.message ?? 'invalid'}`)
  }
  const destination = parsed.data
  if (destination.rail === 'sepa') checkIban(destination.iban)
  return destination
}

/** Throws `iban-invalid`. Country, length, letters and check digits (ISO 13616). */
export function checkIban(iban: string): void {
  if (!isValidIBAN(iban)) throw new PayoutFault('iban-invalid', 'this is no IBAN: compare it with your bank’s, digit by digit')
  if (!isSEPACountry(iban.slice(0, 2))) throw new PayoutFault('iban-invalid', 'this account lies outside of SEPA: choose another way of paying out')
}

/** As people recognise it, and no more. */
export function shownDestination(destination: Destination): string {
  switch (destination.rail) {
    case 'sepa':
      return `${destination.iban.slice(0, 4)} •••• ${destination.iban.slice(-4)}`
    case 'interledger':
      return destination.walletAddress
    case 'stripe':
      return `acct_••••${destination.account.slice(-4)}`
    case 'manual':
      return destination.instructions.length > 40 ? `${destination.instructions.slice(0, 39)}…` : destination.instructions
  }
}

/** Letters that are no other letter with a mark. */
const letters: Readonly<Record<string, string>> = { '&': '+', ß: 'ss', Ł: 'L', ł: 'l', Ø: 'O', ø: 'o', Đ: 'D', đ: 'd', Æ: 'AE', æ: 'ae', Œ: 'OE', œ: 'oe', '’': "'" }

/** "Zoë Müller & Söhne" becomes "Zoe Muller + Sohne": what has no place among the banks' letters is left out. */
function plainName(name: string): string {
  const plain = name.replaceAll(/[&ßŁłØøĐđÆæŒœ’]/gu, (letter) => letters[letter] ?? '').normalize('NFKD').replaceAll(/\p{M}/gu, '')
  return plain.replaceAll(otherLetters, '').trim()
}
