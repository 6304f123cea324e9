/** What `rivulet.json` says of payouts. */
import { Fault } from '@rivulet/faults'
import { costOf, type Tariffs } from '@rivulet/funding/config'
import type { Asset } from '@rivulet/money'
import type { PayoutTerms } from '@rivulet/payout'
import { checkIban, type PainVersion, painVersions } from '@rivulet/payout/config'
import { z } from 'zod'

export interface PayoutConfig {
  readonly terms: PayoutTerms
  readonly rails: readonly (keyof PayoutTerms['fees'])[]
  /** Our bank account; with it, payouts by SEPA. */
  readonly bank: { readonly name: string; readonly iban: string; readonly bic?: string | undefined; readonly pain?: PainVersion | undefined } | undefined
  /** Whether publishers may open accounts at Stripe to be paid out to. */
  readonly stripe: boolean
  /** Providers that pay what they hold for us to that account, and how soon. */
  readonly settling: readonly { readonly name: string; readonly withinMs: number }[]
}

const units = z.string().regex(/^(0|[1-9][0-9]{0,17})$/, 'must be a whole number of units')
const fee = z.strictObject({ fixed: units.default('0'), basisPoints: z.int().min(0).max(5_000).default(0) })

export const payoutsSchema = z.strictObject({
  minimum: units.optional(),
  approvalAbove: units.optional(),
  fourEyesAbove: units.optional(),
  /** Of nothing but failures, until a wallet address elsewhere is given up. */
  patienceDays: z.int().min(1).max(3_650).optional(),
  fees: z.strictObject({ manual: fee.optional(), sepa: fee.optional(), interledger: fee.optional(), stripe: fee.optional() }).optional(),
  bank: z
    .strictObject({ name: z.string().min(1).max(70).regex(/^[A-Za-z0-9/?:().,'+ -]+$/, 'must be in letters that banks take'), iban: z.string(), bic: z.string().regex(/^[A-Z0-9]{8}([A-Z0-9]{3})?$/).optional(), pain: z.enum(painVersions).optional() })
    .superRefine(({ iban }, context) => {
      try {
        checkIban(iban)
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        context.addIssue({ code: 'custom', path: ['iban'], message: error.message })
      }
    })
    .optional(),
  /** Needs Stripe’s keys, with Connect and a webhook secret of its own. */
  stripe: z.boolean().optional(),
  /** Days until a provider has paid what it took for us to our bank, by its name. */
  settlementDays: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/), z.int().min(1).max(365)).optional(),
})
const dayMs = 86_400_000
const patienceDaysUsual = 60

/** Unless told: at least one whole unit of the currency, an operator above 100, two above 1,000, 60 days of patience, no fees. A bank account of SEPA pays euros only. */
export function payoutsOf(given: z.output<typeof payoutsSchema> | undefined, asset: Asset, tariffs: Tariffs): PayoutConfig {
  const whole = 10n ** BigInt(asset.scale)
  const feeOf = (rail: keyof PayoutTerms['fees']): { readonly fixed: bigint; readonly basisPoints: number } => ({ fixed: BigInt(given?.fees?.[rail]?.fixed ?? '0'), basisPoints: given?.fees?.[rail]?.basisPoints ?? 0 })
  const bank = asset.code === 'EUR' && asset.scale >= 2 ? given?.bank : undefined
  return {
    terms: {
      asset, minimum: BigInt(given?.minimum ?? whole), approvalAbove: BigInt(given?.approvalAbove ?? whole * 100n), fourEyesAbove: BigInt(given?.fourEyesAbove ?? whole * 1_000n),
      patienceMs: (given?.patienceDays ?? patienceDaysUsual) * dayMs,
      fees: { manual: feeOf('manual'), sepa: feeOf('sepa'), interledger: feeOf('interledger'), stripe: feeOf('stripe') },
      costs: costsOf(tariffs, asset),
    },
    rails: [...(bank === undefined ? [] : ['sepa' as const]), ...(given?.stripe === true ? ['stripe' as const] : []), 'interledger', 'manual'],
    bank,
    stripe: given?.stripe === true,
    settling: Object.entries(given?.settlementDays ?? {}).map(([name, days]) => ({ name, withinMs: days * dayMs })),
  }
}

/** What each rail takes of us by the tariff of its name. */
function costsOf(tariffs: Tariffs, asset: Asset): NonNullable<PayoutTerms['costs']> {
  const rails = ['manual', 'sepa', 'interledger', 'stripe'] as const
  return Object.fromEntries(rails.flatMap((rail) => {
    const tariff = tariffs[rail]
    return tariff === undefined ? [] : [[rail, { fixed: costOf(tariff, 0n, asset), basisPoints: Number(costOf({ ...tariff, fixed: '0' }, 10_000n, asset)) }]]
  }))
}

/** Small limits, so that a few minutes of streams show everything; and an account whose number is an example of the standard. */
export function sandboxPayouts(asset: Asset, tariffs: Tariffs): PayoutConfig {
  const cent = asset.scale >= 2 ? 10n ** BigInt(asset.scale - 2) : 1n
  const bank = { name: 'Rivulet Sandbox', iban: 'DE89370400440532013000', bic: 'COBADEFFXXX' }
  return payoutsOf({ minimum: '1000', approvalAbove: String(cent * 10n), fourEyesAbove: String(cent * 1_000n), bank }, asset, tariffs)
}
