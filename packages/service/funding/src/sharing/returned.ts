/** Whose money it is that gathered for somebody and never reached him. Pure. */
import { isId, type Id } from '@rivulet/ids'
import { apportion, type Share } from './apportion.ts'
import { share } from './policy.ts'
import type { PoolMember } from './pool.ts'
import type { PoolRule } from '../pool-store.ts'

/** Where a share came from: one subscription’s budget, or the pot of a pooled plan. Undefined: from neither. */
export type ShareSource =
  | { readonly from: 'subscription'; readonly id: Id<'subs'> }
  | { readonly from: 'pool'; readonly planId: Id<'plan'>; readonly month: string; readonly payee: string }
  | undefined

/** What the key of a transfer of the ledger says. */
export function sourceOf(key: string): ShareSource {
  const [, id = ''] = /^share:([^/]+)\/\d+\//.exec(key) ?? []
  if (isId('subs', id)) return { from: 'subscription', id }
  const [, planId = '', month = '', payee = ''] = /^pool:([^/]+)\/(\d{4}-\d{2})\/(.+)$/s.exec(key) ?? []
  return isId('plan', planId) ? { from: 'pool', planId, month, payee } : undefined
}

/** Of what came, the newest first, the part of each that is still there when `left` units are: the oldest of it has left. What came must be at least that. */
export function stillThere<Came extends { readonly amount: bigint }>(came: readonly Came[], left: bigint): readonly Came[] {
  const there: Came[] = []
  let missing = left
  for (const one of came) {
    if (missing === 0n) break
    const amount = one.amount < missing ? one.amount : missing
    there.push({ ...one, amount })
    missing -= amount
  }
  return there
}

/** Divides what a pot gave to one payee among the members who brought it in: by what each put in, or by her own share for that payee where each budget is divided by its owner’s reading alone. Adds up to `amount` where anybody did. */
export function byMembers(amount: bigint, { rule, payee }: { readonly rule: PoolRule; readonly payee: string }, members: readonly PoolMember[]): readonly Share[] {
  const weightOf = ({ budget, attention }: PoolMember): bigint => {
    if (!attention.some(({ seconds }) => seconds > 0)) return 0n
    return rule === 'pro-rata' ? budget : (share(budget, { kind: 'time' }, attention).shares.find(({ id }) => id === payee)?.amount ?? 0n)
  }
  return apportion(amount, members.map((member) => ({ id: member.id, weight: weightOf(member) }))).filter((one) => one.amount > 0n)
}
