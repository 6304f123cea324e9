import type { Clock } from '@rivulet/time'
import type { Exposures } from './exposures.ts'
import type { Next, Rule } from './rule.ts'
import { balanceRule } from './rules/balance.ts'
import { expiryRule } from './rules/expiry.ts'
import { peerRule } from './rules/peer.ts'
import { rateLimitRule } from './rules/rate-limit.ts'
import { type RateOf, rateRule } from './rules/rate.ts'
import { routeRule } from './rules/route.ts'
import { sizeRule } from './rules/size.ts'

export interface RuleContext {
  /** Our own ILP address, told in every Reject. */
  readonly address: string
  readonly clock: Clock
  readonly exposures: Exposures
  readonly expiryMarginMs: number
  readonly rateOf: RateOf
}

/** A packet's life, from top to bottom; its reply goes back from bottom to top. No rule is an async function where a packet passes: each would cost it 1 kB. */
export function packetRules(context: RuleContext): Next {
  const { address, clock, exposures, rateOf } = context
  return chain([
    sizeRule(address),
    expiryRule(context),
    peerRule(address),
    rateLimitRule(address, clock),
    balanceRule(address, exposures),
    rateRule(address, rateOf),
    routeRule(address, exposures),
  ])
}

function chain(rules: readonly Rule[]): Next {
  const end: Next = () => Promise.reject(new Error('the last rule answers every packet'))
  return rules.reduceRight<Next>((next, rule) => (packet) => rule(packet, next), end)
}
