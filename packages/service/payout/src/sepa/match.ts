/** What a line of the bank's statement says about a payout. Pure. */
import { netOf, type PayoutEvent } from '../payout.ts'
import type { PayoutRecord } from '../payout-store.ts'
import type { StatementLine } from './camt053.ts'
import { payoutOf } from './pain001.ts'

/** `unknown`: belongs to no payout that could be meant. `doubled`: was booked before. `altered`: another amount than ours. All three need a person. */
export type LineOutcome = 'settled' | 'returned' | 'unknown' | 'doubled' | 'altered'

export interface Match {
  readonly outcome: LineOutcome
  readonly event?: PayoutEvent
  readonly note?: string
}

/** @param seen whether the bank booked a line of the same reference before */
export function matchLine(line: StatementLine, record: PayoutRecord | undefined, seen: boolean): Match {
  if (seen) return { outcome: 'doubled', note: 'the bank’s reference was booked before' }
  if (record === undefined) return { outcome: 'unknown' }
  const { payout } = record
  const named = payoutOf(line.endToEndId ?? '')
  if (named !== undefined && named.attempt !== payout.attempt) return { outcome: 'unknown', note: `belongs to attempt ${named.attempt} of a payout that is at attempt ${payout.attempt}` }
  const net = netOf(payout)
  const size = line.amount < 0n ? -line.amount : line.amount
  const { status } = payout
  if (line.amount < 0n) {
    if (status !== 'sent') return status === 'settled' || status === 'returned' ? { outcome: 'doubled', note: `the payout is ${status} already` } : { outcome: 'unknown', note: `the payout is ${status}` }
    return size === net ? { outcome: 'settled', event: { type: 'settled' } } : { outcome: 'altered', note: 'the amount is not that of the payout' }
  }
  if (status === 'returned') return { outcome: 'doubled', note: 'the payout is returned already' }
  if (status !== 'sent' && status !== 'settled') return { outcome: 'unknown', note: `the payout is ${status}` }
  if (size !== net) return { outcome: 'altered', note: 'the amount is not that of the payout' }
  return { outcome: 'returned', event: { type: 'returned', reason: line.reason ?? 'the bank returned it' } }
}
