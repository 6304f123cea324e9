import { checkAmount } from '@rivulet/money'
import { apportion, type Share, type Weight } from './apportion.ts'

/** What one subscriber gave one payee in a period, after the rules against padding. */
export interface Attention {
  /** Wallet address of the payee. */
  readonly payee: string
  readonly seconds: number
  /** Sum of the scores of her visits, millionths of a point. */
  readonly score: bigint
}

/** How she wants the rest of her budget shared. */
export type SharingPolicy =
  | { readonly kind: 'time' }
  | { readonly kind: 'equal' }
  | { readonly kind: 'concave' }
  /** Parts in hundredths of a percent; what they leave is shared by time. */
  | { readonly kind: 'pinned'; readonly pins: readonly { readonly payee: string; readonly basisPoints: number }[] }
  | { readonly kind: 'roll-over' }
  | { readonly kind: 'cause'; readonly payee: string }

export interface Shared {
  readonly shares: readonly Share[]
  /** What stays in her budget for the next period. */
  readonly rolledOver: bigint
}

const basisPointsWhole = 10_000

/** Shares what was not streamed. Shares and what rolls over always add up to `rest`, units. Where nobody had her attention it rolls over. */
export function share(rest: bigint, policy: SharingPolicy, attention: readonly Attention[]): Shared {
  checkAmount(rest)
  switch (policy.kind) {
    case 'time':
      return completed(rest, apportion(rest, byTime(attention)))
    case 'equal':
      return completed(rest, apportion(rest, attention.filter(({ seconds }) => seconds > 0).map(({ payee }) => ({ id: payee, weight: 1n }))))
    case 'concave':
      return completed(rest, apportion(rest, attention.map(({ payee, score }) => ({ id: payee, weight: score }))))
    case 'pinned':
      return pinned(rest, policy.pins, attention)
    case 'roll-over':
      return { shares: [], rolledOver: rest }
    case 'cause':
      return completed(rest, apportion(rest, [{ id: policy.payee, weight: 1n }]))
  }
}

function byTime(attention: readonly Attention[]): Weight[] {
  return attention.map(({ payee, seconds }) => ({ id: payee, weight: BigInt(seconds) }))
}

function pinned(rest: bigint, pins: readonly { readonly payee: string; readonly basisPoints: number }[], attention: readonly Attention[]): Shared {
  const unpinned = basisPointsWhole - pins.reduce((sum, { basisPoints }) => sum + basisPoints, 0)
  // The part nobody is pinned to is one more share of the first division, so that no unit is lost between the two.
  const first = apportion(rest, [...pins.map(({ payee, basisPoints }) => ({ id: payee, weight: BigInt(basisPoints) })), { id: '', weight: BigInt(unpinned) }])
  const free = first.find(({ id }) => id === '')?.amount ?? 0n
  const shares = new Map(first.filter(({ id }) => id !== '').map(({ id, amount }) => [id, amount]))
  for (const { id, amount } of apportion(free, byTime(attention))) shares.set(id, (shares.get(id) ?? 0n) + amount)
  return completed(rest, Array.from(shares, ([id, amount]) => ({ id, amount })))
}

/** Who gets no unit is not named; what nobody got rolls over. */
function completed(rest: bigint, shares: readonly Share[]): Shared {
  const given = shares.reduce((sum, { amount }) => sum + amount, 0n)
  return { shares: shares.filter(({ amount }) => amount > 0n), rolledOver: rest - given }
}
