import { ErrorCode, reject } from '@rivulet/ilp'
import type { Clock } from '@rivulet/time'
import type { Rule } from '../rule.ts'

/** No packet holds money for longer. */
export const holdMsMax = 30_000
/** With less than this left for the next hop a packet would only expire there. */
const nextHopMsMin = 500

export interface ExpiryOptions {
  readonly address: string
  readonly clock: Clock
  /** How much earlier the outgoing packet expires, so that a Fulfill at the last moment still reaches the sender in time. */
  readonly expiryMarginMs: number
}

/**
 * Gives the next hop less time than we have (RFC 27, 5.1). What ends here keeps its time: there is no further hop. Needs the target, because only a
 * packet that leaves again needs the margin.
 */
export function expiryRule({ address, clock, expiryMarginMs }: ExpiryOptions): Rule {
  return (packet, next) => {
    const { prepare, to } = packet
    const nowMs = clock.nowMs()
    if (prepare.expiresAtMs <= nowMs) return Promise.resolve(reject(ErrorCode.transferTimedOut, address, 'the packet had expired when it arrived'))
    const marginMs = to?.kind === 'peer' ? expiryMarginMs : 0
    const expiresAtMs = Math.min(prepare.expiresAtMs, nowMs + holdMsMax) - marginMs
    if (marginMs > 0 && expiresAtMs - nowMs < nextHopMsMin) {
      return Promise.resolve(reject(ErrorCode.insufficientTimeout, address, `${prepare.expiresAtMs - nowMs} ms are left, a further hop needs ${marginMs + nextHopMsMin} ms`))
    }
    return next(expiresAtMs === prepare.expiresAtMs ? packet : { ...packet, prepare: { ...prepare, expiresAtMs } })
  }
}
