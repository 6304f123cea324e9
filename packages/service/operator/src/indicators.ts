/** The operator's indicators as pure functions of what was counted; ratios are exact until they are written. */
import type { Flow } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { CohortCell, Journeys, JourneyStep } from '@rivulet/wallet'
import Fraction from 'fraction.js'

interface ChargeCounts {
  /** Charges that were settled in the time, and of all that were disputed or given back then. */
  readonly settled: number
  readonly settledAmount: bigint
  readonly disputed: number
  readonly disputedAmount: bigint
  readonly refunded: number
}

/** What a provider would take of each payment that were charged alone: a part of it, and so much of the currency. Decimals. */
export interface SingleTariff {
  readonly rate: string
  readonly fixed: string
}

/** Payouts that were decided in the time. */
export interface PayoutFigures {
  readonly settled: number
  /** Failed at the rail, or came back. */
  readonly lost: number
  /** From the request to the money at the publisher's: of the settled ones half, and 19 of 20, took at most so long. */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
}

export interface Counted {
  readonly flows: readonly Flow[]
  /** Streams whose first payment was posted: a stream counts once. */
  readonly payments: number
  readonly active: number
  readonly paying: number
  readonly charges: ChargeCounts
  readonly payouts: PayoutFigures
  readonly tariff?: SingleTariff | undefined
}

/** Amounts are whole units, decimal strings; averages are units with six decimals, ratios parts of one with six; null where there is nothing to divide by. */
export interface Indicators {
  readonly days: number
  readonly gross: string
  readonly fees: string
  readonly losses: string
  readonly creators: string
  readonly payments: number
  readonly active: number
  readonly paying: number
  readonly arpu: string | null
  readonly arppu: string | null
  readonly adoption: string | null
  readonly frequency: string | null
  readonly basket: string | null
  readonly costPerTransaction: string | null
  readonly unitMargin: string | null
  readonly marginRate: string | null
  readonly feeRatio: string | null
  readonly allInRatio: string | null
  readonly feeMark: 'fine' | 'warning' | 'alarm' | null
  readonly chargebackRate: string | null
  readonly fraudRate: string | null
  readonly refundRate: string | null
  /** What charging many payments at once has saved of the fees of charging each alone; null without a tariff. */
  readonly batchingGain: string | null
  /** Units that a division left over and nobody got. */
  readonly dust: string
  /** Of the payouts that were decided, the part that failed or came back. */
  readonly payoutsLost: string | null
  readonly payouts: PayoutFigures
}

const decimalsShown = 6
const warnedAt = new Fraction(15, 100)
const alarmedAt = new Fraction(20, 100)
const income = ['subscription', 'subscription-fee', 'deposit', 'dispute-won', 'dispute-won-fee', 'dispute-won-loss']
const givenBack = ['refund', 'refund-fee', 'refund-loss', 'dispute', 'dispute-fee', 'dispute-loss']

export function indicatorsOf(days: number, { flows, payments, active, paying, charges, payouts, tariff }: Counted): Indicators {
  const sum = (wanted: (flow: Flow) => boolean): bigint => flows.filter(wanted).reduce((total, { amount }) => total + amount, 0n)
  const gross = sum(({ reason, debitKind }) => debitKind === 'psp' && income.includes(reason)) - sum(({ reason, creditKind }) => creditKind === 'psp' && givenBack.includes(reason))
  const fees = sum(({ reason }) => reason === 'provider-fee' || reason === 'bank-fee' || reason === 'dispute-cost') - sum(({ reason }) => reason === 'dispute-cost-returned')
  const losses = sum(({ debitKind }) => debitKind === 'loss') - sum(({ creditKind }) => creditKind === 'loss')
  // A publisher's payout to another one here was hers already, and a share that went back is nobody's.
  const creators = sum(({ reason, debitKind, creditKind }) => creditKind === 'publisher' && debitKind !== 'bank' && (reason === 'stream' || reason === 'share')) - sum(({ reason }) => reason === 'share-return')
  const costs = fees + losses
  const feeRatio = part(fees, gross)
  const each = perPersonOf(gross, { payments, active, paying })
  return {
    days, gross: String(gross), fees: String(fees), losses: String(losses), creators: String(creators), payments, active, paying,
    arpu: written(each.arpu),
    arppu: written(part(gross, paying)),
    adoption: written(each.adoption),
    frequency: written(each.frequency),
    basket: written(each.basket),
    costPerTransaction: written(part(costs, payments)),
    unitMargin: written(part(gross - costs - creators, payments)),
    marginRate: written(part(gross - costs - creators, gross)),
    feeRatio: written(feeRatio),
    allInRatio: written(part(costs, gross)),
    feeMark: feeRatio === undefined ? null : feeRatio.gte(alarmedAt) ? 'alarm' : feeRatio.gte(warnedAt) ? 'warning' : 'fine',
    chargebackRate: written(part(charges.disputed, charges.settled)),
    fraudRate: written(part(charges.disputedAmount, charges.settledAmount)),
    refundRate: written(part(charges.refunded, charges.settled)),
    batchingGain: written(savedBy(tariff, { fees, payments, streamed: sum(({ reason, debitKind }) => reason === 'stream' && debitKind === 'subscriber'), scale: flows[0]?.asset.scale ?? 0 })),
    dust: String(sum(({ creditKind }) => creditKind === 'dust') - sum(({ debitKind }) => debitKind === 'dust')),
    payoutsLost: written(part(payouts.lost, payouts.settled + payouts.lost)),
    payouts,
  }
}

/** As they are before they are written: what each who reads brings is exactly the part that pays × how often × how much. Undefined where nothing would be divided by nothing. */
export function perPersonOf(gross: bigint, { payments, active, paying }: Pick<Counted, 'payments' | 'active' | 'paying'>): Readonly<Record<'arpu' | 'adoption' | 'frequency' | 'basket', Fraction | undefined>> {
  return { arpu: part(gross, active), adoption: part(paying, active), frequency: part(payments, paying), basket: part(gross, payments) }
}

/** 1 − what was paid in fees ÷ what would have been, had each payment been charged alone. */
function savedBy(tariff: SingleTariff | undefined, { fees, payments, streamed, scale }: { readonly fees: bigint; readonly payments: number; readonly streamed: bigint; readonly scale: number }): Fraction | undefined {
  if (tariff === undefined || payments === 0) return undefined
  const alone = new Fraction(tariff.rate).mul(new Fraction(streamed)).add(new Fraction(tariff.fixed).mul(new Fraction(10n ** BigInt(scale))).mul(payments))
  return alone.lte(0) ? undefined : new Fraction(1).sub(new Fraction(fees).div(alone))
}

export interface JourneyFigures {
  readonly steps: readonly { readonly step: JourneyStep; readonly journeys: number; /** Of the step before, the part that went no further. */ readonly lost: string | null }[]
  /** Of the popups that were opened, the part without a first packet. */
  readonly abandonment: string | null
  /** Seconds from the popup to the first packet: half, and 19 of 20, took at most so long. */
  readonly p50S: number | null
  readonly p95S: number | null
}

export function journeyOf({ steps, times }: Journeys): JourneyFigures {
  const order = ['shown', 'popup', 'signed-in', 'consented', 'first-packet'] as const
  const within = (of: number): number | null => {
    const total = times.reduce((sum, { journeys }) => sum + journeys, 0)
    let counted = 0
    for (const { secondsMax, journeys } of times) {
      counted += journeys
      if (counted >= of * total) return secondsMax
    }
    return null
  }
  const lost = (now: number, before: number | undefined): string | null => (before === undefined || before === 0 ? null : written(new Fraction(Math.max(0, before - now), before)))
  return {
    steps: order.map((step, index) => {
      const before = order[index - 1]
      return { step, journeys: steps[step], lost: lost(steps[step], before === undefined ? undefined : steps[before]) }
    }),
    abandonment: lost(steps['first-packet'], steps.popup),
    p50S: within(0.5),
    p95S: within(0.95),
  }
}

export interface CohortFigures {
  readonly cohorts: readonly { readonly cohort: string; readonly size: number; /** The part that paid, by months since; the first is 1. */ readonly retention: readonly string[] }[]
  /** Of all cohorts together, the part of payers of a month who paid in the next one too; null without two months. */
  readonly monthlyRetention: string | null
  /** The part who did not: 1 − the retention. */
  readonly monthlyChurn: string | null
}

/** @param month first day of the running month: it is not over, and counts in no average */
export function cohortsOf(cells: readonly CohortCell[], month: string): CohortFigures {
  const cohorts = [...new Set(cells.map(({ cohort }) => cohort))].map((cohort) => {
    const people = (age: number): number => cells.find((cell) => cell.cohort === cohort && cell.age === age)?.people ?? 0
    const ages = monthsBetween(cohort, month)
    return { cohort, size: people(0), people: Array.from({ length: ages + 1 }, (_, age) => people(age)) }
  })
  let [stayed, were] = [0, 0]
  for (const { people } of cohorts) {
    for (let age = 0; age + 1 < people.length - 1; age += 1) {
      were += people[age] ?? 0
      stayed += Math.min(people[age] ?? 0, people[age + 1] ?? 0)
    }
  }
  return {
    cohorts: cohorts.map(({ cohort, size, people }) => ({ cohort, size, retention: people.map((count) => (size === 0 ? '0' : written(new Fraction(count, size)) ?? '0')) })),
    monthlyRetention: written(part(stayed, were)),
    monthlyChurn: written(part(were - stayed, were)),
  }
}

/** What a payer brings over her whole time, units: margin × (1 + d) / (1 + d − r), the first month included; d is 1 % a month. Null without a margin or a retention. */
export function lifetimeValue(marginPerPayer: Fraction | undefined, monthlyRetention: string | null): string | null {
  if (marginPerPayer === undefined || monthlyRetention === null) return null
  const discounted = new Fraction(101, 100)
  return written(marginPerPayer.mul(discounted).div(discounted.sub(new Fraction(monthlyRetention))))
}

/** Of the last thirty days, the margin of an average payer. */
export function marginPerPayer({ gross, fees, losses, creators, paying }: Indicators): Fraction | undefined {
  return part(BigInt(gross) - BigInt(fees) - BigInt(losses) - BigInt(creators), paying)
}

function monthsBetween(from: string, to: string): number {
  const months = (day: string): number => 12 * Number(day.slice(0, 4)) + Number(day.slice(5, 7))
  return Math.max(0, months(to) - months(from))
}

function part(of: bigint | number, whole: bigint | number): Fraction | undefined {
  return BigInt(whole) <= 0n ? undefined : new Fraction(BigInt(of), BigInt(whole))
}

function written(value: Fraction | undefined): string | null {
  return value === undefined ? null : value.round(decimalsShown).toString()
}

/** Flows and asset of an installation that counts in one: what is in others stands in no indicator. */
export function inAsset(flows: readonly Flow[], { code, scale }: Asset): readonly Flow[] {
  return flows.filter(({ asset }) => asset.code === code && asset.scale === scale)
}
