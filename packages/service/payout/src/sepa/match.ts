/** What a line of the bank's statement says about a payout. Pure. */
import { netOf, type PayoutEvent } from '../payout.ts'
import type { PayoutRecord } from '../payout-store.ts'
import type { StatementLine } from './camt053.ts'

/** `unknown`: belongs to no payout that could be meant. `doubled`: was booked before. `altered`: another amount than ours. All three need a person. */
export type LineOutcome = 'settled' | 'returned' | 'unknown' | 'doubled' | 'altered'

export interface Match {
  readonly outcome: LineOutcome
  /** None where the payout knows it already: it came back in a line that was taken before this one. */
  readonly event?: PayoutEvent
  readonly note?: string
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
  if (seen) return { outcome: 'doubled', note: 'the bank’s reference was booked before' }
  if (named === undefined) return { outcome: 'unknown' }
  const { record: { payout }, attempt, cameBackFirst } = named
  const net = netOf(payout)
  const size = line.amount < 0n ? -line.amount : line.amount
  const { status } = payout
  const altered: Match = { outcome: 'altered', note: 'the amount is not that of the payout' }
  if (line.amount < 0n && cameBackFirst) return size === net ? { outcome: 'settled', note: 'its return was booked before' } : altered
  if (attempt !== payout.attempt) return { outcome: 'unknown', note: `belongs to attempt ${attempt} of a payout that is at attempt ${payout.attempt}` }
  if (line.amount < 0n) {
    if (status !== 'sent') return status === 'settled' || status === 'returned' ? { outcome: 'doubled', note: `the payout is ${status} already` } : { outcome: 'unknown', note: `the payout is ${status}` }
    return size === net ? { outcome: 'settled', event: { type: 'settled' } } : altered
  }
  if (status === 'returned') return { outcome: 'doubled', note: 'the payout is returned already' }
  if (status !== 'sent' && status !== 'settled') return { outcome: 'unknown', note: `the payout is ${status}` }
  if (size !== net) return altered
  return { outcome: 'returned', event: { type: 'returned', reason: line.reason ?? 'the bank returned it' } }
}
