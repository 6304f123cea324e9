/** What has been decided to move of a shared income: asked for again after a crash, or in two processes at once, it is moved once. */
import type { Ledger, TransferSpec } from '@rivulet/ledger'
import type { Split, SplitStore } from '../split-store.ts'
import { sharesOf } from './split.ts'

/** Does nothing for a split of which nothing is to be moved. Throws `funds-insufficient`. */
export async function moveOn({ id, accountId, parts, base, moved, movingTo }: Split, { store, ledger }: { readonly store: Pick<SplitStore, 'finish'>; readonly ledger: Pick<Ledger, 'transferAll'> }): Promise<void> {
  if (movingTo === undefined) return
  const weights = parts.map(({ weight }) => weight)
  const before = sharesOf(weights, moved - base)
  const after = sharesOf(weights, movingTo - base)
  const transfers = parts.flatMap((part, index): readonly TransferSpec[] => {
    const amount = (after[index] ?? 0n) - (before[index] ?? 0n)
    return amount === 0n || part.accountId === accountId ? [] : [{ key: `split/${id}/${movingTo}/${index}`, debitAccountId: accountId, creditAccountId: part.accountId, amount, reason: 'split' }]
  })
  if (transfers.length > 0) await ledger.transferAll(transfers)
  await store.finish(id, movingTo)
}

/** What the other parts have coming of an income up to `total`. */
export function owedOf({ accountId, parts, base, moved }: Split, total: bigint): bigint {
  const weights = parts.map(({ weight }) => weight)
  const [then, now] = [sharesOf(weights, moved - base), sharesOf(weights, total - base)]
  return parts.reduce((sum, part, index) => (part.accountId === accountId ? sum : sum + (now[index] ?? 0n) - (then[index] ?? 0n)), 0n)
}
