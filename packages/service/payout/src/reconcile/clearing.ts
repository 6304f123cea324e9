/** Clearing accounts: each returns to zero in its time, item by item. Pure. */

export interface ClearingItem {
  readonly reference: string
  /** Units that it keeps on the account. */
  readonly amount: bigint
  /** What it waits for, as a word: the status of a payout, `shares`, `settlement`. */
  readonly waitsFor: string
  readonly sinceMs: number
  /** It should be gone by then. */
  readonly dueMs: number
}

export interface ClearingAccount {
  readonly name: string
  /** Units. */
  readonly balance: bigint
  readonly items: readonly ClearingItem[]
}

export interface ClearingReport extends ClearingAccount {
  readonly late: readonly ClearingItem[]
  /** Of the balance, what no item explains: must be 0. */
  readonly unexplained: bigint
}

export function reportOf(account: ClearingAccount, nowMs: number): ClearingReport {
  return { ...account, late: account.items.filter(({ dueMs }) => dueMs < nowMs), unexplained: account.balance - account.items.reduce((sum, { amount }) => sum + amount, 0n) }
}

/** Which movements in are not covered by movements out yet, the oldest going out first. `amount` in is positive, out negative. */
export function uncovered(movements: readonly { readonly reference: string; readonly amount: bigint; readonly atMs: number }[]): readonly { readonly reference: string; readonly amount: bigint; readonly atMs: number }[] {
  let out = movements.reduce((sum, { amount }) => (amount < 0n ? sum - amount : sum), 0n)
  const left: { reference: string; amount: bigint; atMs: number }[] = []
  for (const { reference, amount, atMs } of movements.filter((movement) => movement.amount > 0n).toSorted((one, other) => one.atMs - other.atMs)) {
    const covered = amount < out ? amount : out
    out -= covered
    if (amount > covered) left.push({ reference, amount: amount - covered, atMs })
  }
  // More went out than came in: that, too, waits for something.
  if (out > 0n) left.push({ reference: 'paid ahead', amount: -out, atMs: Math.max(0, ...movements.map(({ atMs }) => atMs)) })
  return left
}
