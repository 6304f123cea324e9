/** What a line of the bank's statement says about a payout. Pure. */
import { netOf, type PayoutEvent, type PayoutStatus } from '../payout.ts'
import type { PayoutRecord } from '../payout-store.ts'
import type { StatementLine } from './camt053.ts'

/** `unknown`: belongs to no payout that could be meant. `doubled`: was booked before. `altered`: another amount than ours. All three need a person. */
export type LineOutcome = 'settled' | 'returned' | 'unknown' | 'doubled' | 'altered'

/**
 * Why a line is taken for that: the bank’s reference was `booked-before`; its amount is another one than the payout’s, or than that of the file that it books as one; what it says left came back before (`back-before`);
 * it names `another-attempt` of the payout; or the payout is in a state in which no such line is expected.
 */
type LineNote = 'booked-before' | 'amount-not-payouts' | 'amount-not-files' | 'back-before' | 'another-attempt' | `payout-${PayoutStatus}`

export interface Match {
  readonly outcome: LineOutcome
  /** None where the payout knows it already: it came back in a line that was taken before this one. */
  readonly event?: PayoutEvent
  readonly note?: LineNote
}

/** The payout that a line names. */
export interface Named {
  readonly record: PayoutRecord
  readonly attempt: number
  /** Its return was taken while no line had said yet that it left. */
  readonly cameBackFirst: boolean
}

/** Whether a line of the bank's means that all is as it should be. */
export function isExpected({ outcome }: Match): boolean {
  return outcome === 'settled' || outcome === 'returned'
}

/** @param seen whether the very same line was booked before */
export function matchLine(line: Pick<StatementLine, 'amount' | 'reason'>, named: Named | undefined, seen: boolean): Match {
  if (seen) return { outcome: 'doubled', note: 'booked-before' }
  if (named === undefined) return { outcome: 'unknown' }
  const { record: { payout }, attempt, cameBackFirst } = named
  const net = netOf(payout)
  const size = line.amount < 0n ? -line.amount : line.amount
  const { status } = payout
  const altered: Match = { outcome: 'altered', note: 'amount-not-payouts' }
  if (line.amount < 0n && cameBackFirst) return size === net ? { outcome: 'settled', note: 'back-before' } : altered
  if (attempt !== payout.attempt) return { outcome: 'unknown', note: 'another-attempt' }
  if (line.amount < 0n) {
    if (status !== 'sent') return status === 'settled' || status === 'returned' ? { outcome: 'doubled', note: `payout-${status}` } : { outcome: 'unknown', note: `payout-${status}` }
    return size === net ? { outcome: 'settled', event: { type: 'settled' } } : altered
  }
  if (status === 'returned') return { outcome: 'doubled', note: 'payout-returned' }
  if (status !== 'sent' && status !== 'settled') return { outcome: 'unknown', note: `payout-${status}` }
  if (size !== net) return altered
  return { outcome: 'returned', event: { type: 'returned', reason: line.reason ?? 'the bank returned it' } }
}
