/** What providers and rails really took, beside what came in: read from the books, held against the operator's tariff. */
import type { Id } from '@rivulet/ids'
import type { Account, Ledger, Transfer } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import Fraction from 'fraction.js'
import { z } from 'zod'
import { feeMark, feeOf, purchasesForRatio, type Tariff } from './tariff.ts'

const decimal = z.string().regex(/^[0-9]{1,12}(\.[0-9]{1,12})?$/, 'must be a decimal such as 0.25')
/** Of one provider or rail: the part of a charge that it takes, and an amount of the currency besides. */
export const tariffSchema = z.strictObject({ rate: decimal.refine((rate) => Number(rate) <= 1, 'must be a part of one, such as 0.015').default('0'), fixed: decimal.default('0') })
export type TariffSpec = z.output<typeof tariffSchema>
/** By the name of the provider or rail. */
export type Tariffs = Readonly<Record<string, TariffSpec>>

interface ProviderCosts {
  readonly name: string
  /** Units that came in through it, VAT and all, what was taken back taken off; of a rail, what left by it. */
  readonly gross: bigint
  readonly movements: number
  /** Units that it took. */
  readonly costs: bigint
  /** Of gross, a decimal; null without movements. */
  readonly ratio: string | null
  readonly mark: 'fine' | 'warning' | 'alarm' | null
  /** Of an average movement, how many must share one so that the tariff stays below 15 and 20 %; null: no number does, or there is no tariff. */
  readonly perChargeForWarning: string | null
  readonly perChargeForAlarm: string | null
}

export interface CostReport {
  readonly fromMs: number
  readonly toMs: number
  readonly parts: readonly ProviderCosts[]
  /** Everything that was taken, of everything that came in. */
  readonly total: Pick<ProviderCosts, 'gross' | 'costs' | 'ratio' | 'mark'> & {
    /** Units of VAT that are contained in what came in. */
    readonly vat: bigint
  }
}

const warningAt = new Fraction(15, 100)
const alarmAt = new Fraction(20, 100)
const decimalsShown = 6
const pageMax = 1_000
const pagesMax = 1_000

/** Units that a movement of so many units costs by a tariff, rounded up. */
export function costOf(tariff: TariffSpec | undefined, units: bigint, { scale }: Asset): bigint {
  if (tariff === undefined) return 0n
  const one = new Fraction(10n ** BigInt(scale))
  return feeOf(tariffOf(tariff), new Fraction(units).div(one)).mul(one).ceil().n
}

/** Of a time, for every name of the tariffs and every provider and rail that the books know. */
export async function costReport(ledger: Pick<Ledger, 'accountByName' | 'transfersOf'>, { tariffs, names, asset, fromMs, toMs }: { readonly tariffs: Tariffs; readonly names: readonly string[]; readonly asset: Asset; readonly fromMs: number; readonly toMs: number }): Promise<CostReport> {
  const parts: ProviderCosts[] = []
  const sum = { gross: 0n, costs: 0n, vat: 0n }
  for (const name of [...new Set([...names, ...Object.keys(tariffs)])].toSorted()) {
    const within = async (accountName: string): Promise<{ readonly account: Account | undefined; readonly transfers: readonly Transfer[] }> => {
      const account = await ledger.accountByName(accountName)
      return { account, transfers: account === undefined ? [] : await transfersOf(ledger, account.id, { fromMs, toMs }) }
    }
    const [psp, bank, cost] = [await within(`psp[${name}]`), await within(`payout[${name}]`), await within(`cost[${name}]`)]
    const incoming = psp.transfers.filter(({ reason }) => ['subscription', 'subscription-fee', 'vat', 'deposit'].includes(reason))
    const takenBack = psp.transfers.filter(({ reason }) => /^(dispute|refund)(-fee|-vat|-loss)?$/.test(reason))
    const wonBack = psp.transfers.filter(({ reason }) => /^dispute-won(-fee|-vat|-loss)?$/.test(reason))
    const outgoing = bank.transfers.filter(({ reason }) => reason === 'payout-settled')
    const amounts = (transfers: readonly Transfer[]): bigint => transfers.reduce((total, { amount }) => total + amount, 0n)
    const received = amounts(incoming) - amounts(takenBack) + amounts(wonBack)
    const gross = received + amounts(outgoing)
    const costs = cost.transfers.reduce((total, { debitAccountId, amount }) => (debitAccountId === cost.account?.id ? total + amount : total - amount), 0n)
    const movements = new Set(incoming.map(({ key }) => key.replace(/^[a-z]+:/, ''))).size + outgoing.length
    if (movements === 0 && costs === 0n && !Object.hasOwn(tariffs, name)) continue
    const tariff = Object.hasOwn(tariffs, name) ? tariffs[name] : undefined
    parts.push({ name, gross, movements, costs, ...ratioOf(costs, gross), ...batchesOf(tariff, gross, { movements, asset }) })
    if (psp.account !== undefined) sum.gross += received
    sum.vat += amounts([...incoming, ...wonBack].filter(({ reason }) => reason.endsWith('vat'))) - amounts(takenBack.filter(({ reason }) => reason.endsWith('-vat')))
    sum.costs += costs
  }
  return { fromMs, toMs, parts, total: { ...sum, ...ratioOf(sum.costs, sum.gross) } }
}

function ratioOf(costs: bigint, gross: bigint): Pick<ProviderCosts, 'ratio' | 'mark'> {
  if (gross <= 0n) return { ratio: null, mark: null }
  const ratio = new Fraction(costs, gross)
  return { ratio: ratio.round(decimalsShown).toString(), mark: feeMark(ratio) }
}

function batchesOf(tariff: TariffSpec | undefined, gross: bigint, { movements, asset }: { readonly movements: number; readonly asset: Asset }): Pick<ProviderCosts, 'perChargeForWarning' | 'perChargeForAlarm'> {
  if (tariff === undefined || movements === 0 || gross <= 0n) return { perChargeForWarning: null, perChargeForAlarm: null }
  const average = new Fraction(gross, BigInt(movements)).div(10n ** BigInt(asset.scale))
  const least = (ratio: Fraction): string | null => {
    const count = purchasesForRatio(tariffOf(tariff), average, ratio)
    return count === undefined ? null : String(count)
  }
  return { perChargeForWarning: least(warningAt), perChargeForAlarm: least(alarmAt) }
}

async function transfersOf(ledger: Pick<Ledger, 'transfersOf'>, accountId: Id<'acct'>, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): Promise<readonly Transfer[]> {
  const all: Transfer[] = []
  let before: Id<'xfer'> | undefined
  for (let page = 0; page < pagesMax; page += 1) {
    const transfers = await ledger.transfersOf(accountId, { limit: pageMax, ...(before !== undefined && { before }) })
    all.push(...transfers.filter(({ postedAtMs }) => postedAtMs >= fromMs && postedAtMs < toMs))
    before = transfers.at(-1)?.id
    if (transfers.length < pageMax || (transfers.at(-1)?.postedAtMs ?? 0) < fromMs) break
  }
  return all
}

function tariffOf({ rate, fixed }: TariffSpec): Tariff {
  return { rate: new Fraction(rate), fixed: new Fraction(fixed) }
}
