/** What moved on the payment pointers of a publisher, by day and site, and proves itself: opening, lines and closing are the ledger's. */
import type { WalletAddress } from '@rivulet/accounts'
import { Fault } from '@rivulet/faults'
import type { Ledger } from '@rivulet/ledger'
import { type Days, daysBetween, isoDay } from '@rivulet/time'
import { z } from 'zod'

export type StatementFaultCode = 'period-invalid' | 'statement-too-long'
export class StatementFault extends Fault<StatementFaultCode> {}

/** A word for what moved: `stream` and `share` from readers, `split-in` and `split-out` between pointers, else the reason in the ledger. */
interface StatementLine {
  /** UTC, `2026-01-31`. */
  readonly day: string
  readonly kind: string
  /** Origin of the page, where a reader of this provider's wallets was on it; never more of its address. */
  readonly site: string | undefined
  /** Units; negative when it left. */
  readonly amount: bigint
}

export interface PointerStatement {
  readonly address: Pick<WalletAddress, 'id' | 'url' | 'asset'>
  readonly opening: bigint
  readonly closing: bigint
  readonly lines: readonly StatementLine[]
}

const dayMs = 86_400_000
const daysMax = 400
const linesMax = 20_000
export const periodSchema = z.object({ from: z.iso.date(), to: z.iso.date() })

/** Throws `period-invalid`. */
export function periodOf(given: unknown): Days {
  const parsed = periodSchema.safeParse(given)
  if (!parsed.success) throw new StatementFault('period-invalid', 'name the first and the last day as from=2026-01-01&to=2026-01-31')
  const days = daysBetween(parsed.data.from, parsed.data.to, daysMax)
  if (days === undefined) throw new StatementFault('period-invalid', `a statement covers 1 to ${daysMax} days, in their order`)
  return days
}

/** Of one moment. Throws `statement-too-long`. */
export async function statementsOf(addresses: readonly WalletAddress[], period: Days, ledger: Pick<Ledger, 'movements'>): Promise<readonly PointerStatement[]> {
  const found = await ledger.movements(addresses.map(({ ledgerAccountId }) => ledgerAccountId), { fromMs: period.fromMs, untilMs: period.untilMs, limit: linesMax })
  if (found === undefined) throw new StatementFault('statement-too-long', `this statement has more than ${linesMax} lines: choose fewer days`)
  const byAccount = Map.groupBy(found.movements, ({ accountId }) => accountId)
  return addresses.map((address) => {
    const { opening, closing } = found.balances.get(address.ledgerAccountId) ?? { opening: 0n, closing: 0n }
    const lines = (byAccount.get(address.ledgerAccountId) ?? []).map(({ day, reason, site, amount }) => ({ day: isoDay(day * dayMs), kind: kindOf(reason, amount), site, amount }))
    return { address, opening, closing, lines }
  })
}

/** A transfer's reason as the publisher reads it. @param amount negative when it left her account */
export function kindOf(reason: string, amount: bigint): string {
  return reason === 'split' ? (amount < 0n ? 'split-out' : 'split-in') : reason
}
