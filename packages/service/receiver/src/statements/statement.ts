/** What moved on the payment pointers of a publisher, by day and site, and proves itself: opening, lines and closing are the ledger's. */
import type { WalletAddress } from '@rivulet/accounts'
import { Fault } from '@rivulet/faults'
import type { Ledger } from '@rivulet/ledger'
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

export interface Period {
  /** First and last day, UTC. */
  readonly from: string
  readonly to: string
  readonly fromMs: number
  readonly untilMs: number
}

const dayMs = 86_400_000
const daysMax = 400
const linesMax = 20_000
const periodSchema = z.object({ from: z.iso.date(), to: z.iso.date() })

/** Throws `period-invalid`. */
export function periodOf(given: unknown): Period {
  const parsed = periodSchema.safeParse(given)
  if (!parsed.success) throw new StatementFault('period-invalid', 'name the first and the last day as from=2026-01-01&to=2026-01-31')
  const { from, to } = parsed.data
  const period = { from, to, fromMs: Date.parse(from), untilMs: Date.parse(to) + dayMs }
  if (period.fromMs < 0 || period.untilMs <= period.fromMs || period.untilMs - period.fromMs > daysMax * dayMs) throw new StatementFault('period-invalid', `a statement covers 1 to ${daysMax} days, in their order`)
  return period
}

/** Of one moment. Throws `statement-too-long`. */
export async function statementsOf(addresses: readonly WalletAddress[], period: Period, ledger: Pick<Ledger, 'movements'>): Promise<readonly PointerStatement[]> {
  const found = await ledger.movements(addresses.map(({ ledgerAccountId }) => ledgerAccountId), { fromMs: period.fromMs, untilMs: period.untilMs, limit: linesMax })
  if (found === undefined) throw new StatementFault('statement-too-long', `this statement has more than ${linesMax} lines: choose fewer days`)
  const byAccount = Map.groupBy(found.movements, ({ accountId }) => accountId)
  return addresses.map((address) => {
    const { opening, closing } = found.balances.get(address.ledgerAccountId) ?? { opening: 0n, closing: 0n }
    const lines = (byAccount.get(address.ledgerAccountId) ?? []).map(({ day, reason, site, amount }) => ({ day: new Date(day * dayMs).toISOString().slice(0, 10), kind: kindOf(reason, amount), site, amount }))
    return { address, opening, closing, lines }
  })
}

/** A transfer's reason as the publisher reads it. @param amount negative when it left her account */
export function kindOf(reason: string, amount: bigint): string {
  return reason === 'split' ? (amount < 0n ? 'split-out' : 'split-in') : reason
}
