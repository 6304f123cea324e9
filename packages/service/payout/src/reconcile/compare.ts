/** Two accounts of the same movements, line by line. Pure. */

export interface Line {
  /** Names the movement on both sides. */
  readonly reference: string
  /** Units, signed. */
  readonly amount: bigint
  readonly atMs: number
}

export type FindingKind = 'missing-in-books' | 'missing-in-statement' | 'doubled-in-books' | 'doubled-in-statement' | 'altered'

export interface Finding {
  readonly kind: FindingKind
  readonly reference: string
  /** Units; undefined where that side has no such line. */
  readonly booked: bigint | undefined
  readonly stated: bigint | undefined
  readonly atMs: number
}

/**
 * What does not agree, in the order of the references. What is booked after `statedUntilMs` may still come, and is no finding.
 * A line that agrees with one of the other side is done; of what is left under a reference, two lines are one that was altered, and one alone is missing on the other side, or was written twice.
 */
export function compare(books: readonly Line[], statement: readonly Line[], statedUntilMs: number): readonly Finding[] {
  const booked = Map.groupBy(books, ({ reference }) => reference)
  const stated = Map.groupBy(statement, ({ reference }) => reference)
  const references = [...new Set([...booked.keys(), ...stated.keys()])].toSorted()
  return references.flatMap((reference) => compareOne(reference, { ours: booked.get(reference) ?? [], theirs: [...(stated.get(reference) ?? [])] }, statedUntilMs))
}

function compareOne(reference: string, { ours, theirs }: { readonly ours: readonly Line[]; readonly theirs: Line[] }, statedUntilMs: number): readonly Finding[] {
  const agreed = new Set<bigint>()
  const left: Line[] = []
  for (const line of ours) {
    const same = theirs.findIndex(({ amount }) => amount === line.amount)
    if (same < 0) left.push(line)
    else {
      agreed.add(line.amount)
      theirs.splice(same, 1)
    }
  }
  const findings: Finding[] = []
  while (left.length > 0 && theirs.length > 0) {
    const [our, their] = [left.shift(), theirs.shift()]
    if (our !== undefined && their !== undefined) findings.push({ kind: 'altered', reference, booked: our.amount, stated: their.amount, atMs: our.atMs })
  }
  for (const { amount, atMs } of theirs) findings.push({ kind: agreed.has(amount) ? 'doubled-in-statement' : 'missing-in-books', reference, booked: undefined, stated: amount, atMs })
  for (const { amount, atMs } of left) {
    if (agreed.has(amount)) findings.push({ kind: 'doubled-in-books', reference, booked: amount, stated: undefined, atMs })
    else if (atMs <= statedUntilMs) findings.push({ kind: 'missing-in-statement', reference, booked: amount, stated: undefined, atMs })
  }
  return findings
}
