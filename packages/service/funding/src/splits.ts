/** Revenue splits between pointers: exact over time, not by lottery. Pure. */

/** One pointer of a split: its weight, and what it is still owed, in units times the sum of all weights; negative when it got a little more than its part so far. */
export interface SplitPart {
  readonly pointer: string
  /** 1 to 10^6. */
  readonly weight: bigint
  readonly owed: bigint
}

export interface SplitStep {
  readonly parts: readonly SplitPart[]
  readonly paid: readonly { readonly pointer: string; readonly amount: bigint }[]
}

/**
 * Divides `amount` units that came in now. What is paid always adds up to what came in, and whatever comes in, in however many pieces, each pointer stays within two units of its
 * exact part of all of it: the remainders go with `parts` to the next call. `owed` starts at 0, and again whenever weights change.
 */
export function split(parts: readonly SplitPart[], amount: bigint): SplitStep {
  const whole = parts.reduce((sum, { weight }) => sum + weight, 0n)
  const open = parts.map((part) => ({ ...part, owed: part.owed + amount * part.weight, now: 0n }))
  let left = amount
  const pay = (part: (typeof open)[number], units: bigint): void => {
    part.now += units
    part.owed -= units * whole
    left -= units
  }
  // Whoever is owed most is served first, so that nobody is paid ahead of time out of what another is owed.
  for (const part of mostOwedFirst(open)) pay(part, least(part.owed > 0n ? part.owed / whole : 0n, left))
  for (const part of mostOwedFirst(open)) pay(part, least(1n, left))
  return {
    parts: open.map(({ pointer, weight, owed }) => ({ pointer, weight, owed })),
    paid: open.filter(({ now }) => now > 0n).map(({ pointer, now }) => ({ pointer, amount: now })),
  }
}

function mostOwedFirst<Part extends SplitPart>(parts: readonly Part[]): readonly Part[] {
  return [...parts].sort((one, other) => (one.owed === other.owed ? (one.pointer < other.pointer ? -1 : 1) : one.owed > other.owed ? -1 : 1))
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
