/** Who of one subscriber's pages may pay, and how fast: one page at a time, its links sharing one rate equally. Pure. */
import { floorDivide } from '@rivulet/money'
import type { PauseReason, Permit } from './session.ts'

/** A page of one subscriber, as the wallet sees it. */
export interface PageView {
  /** Whether it is visible and its agent was heard lately. */
  readonly attentive: boolean
  /** When it came into view, ms of the monotonic clock: the newest is the one she looks at. */
  readonly shownMs: number
  /** Requests that could pay. */
  readonly links: number
  readonly blocked: boolean
  readonly capReached: boolean
  /** Units a second that she chose for this site; undefined: the usual. */
  readonly rate: bigint | undefined
}

export interface PayerView {
  /** Why she pays nobody, whatever she reads: she has paused her wallet, or the operator stands in the way. */
  readonly standstill: Extract<PauseReason, 'wallet-paused' | 'person-frozen' | 'streams-stopped'> | undefined
  /** Units a second for all that she reads at once. */
  readonly rate: bigint
}

/** The permit of each page's links, in the order of `pages`. */
export function permitsOf(payer: PayerView, pages: readonly PageView[]): readonly Permit[] {
  let winner: PageView | undefined
  for (const page of pages) {
    if (page.links === 0 || obstacleOf(page) !== undefined) continue
    if (winner === undefined || page.shownMs >= winner.shownMs) winner = page
  }
  return pages.map((page) => {
    if (payer.standstill !== undefined) return { reason: payer.standstill }
    const obstacle = obstacleOf(page)
    if (obstacle !== undefined) return { reason: obstacle }
    if (page !== winner) return { reason: 'other-page' }
    return { rate: floorDivide(page.rate ?? payer.rate, BigInt(page.links)) }
  })
}

function obstacleOf(page: PageView): PauseReason | undefined {
  if (page.blocked) return 'site-blocked'
  if (!page.attentive) return 'hidden'
  return page.capReached ? 'site-cap-reached' : undefined
}
