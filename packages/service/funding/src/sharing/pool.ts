import { apportion, type Share } from './apportion.ts'
import { type Attention, share } from './policy.ts'

/** One subscriber of a pooled plan: what she brings in, and whom she read. */
export interface PoolMember {
  readonly id: string
  /** Her budget of the period less the platform's cut, units. */
  readonly budget: bigint
  readonly attention: readonly Attention[]
}

export interface Pooled {
  /** All budgets in one pot, divided by all seconds. */
  readonly proRata: readonly Share[]
  /** Each budget divided by its owner's seconds alone. */
  readonly userCentric: readonly Share[]
  /** Budgets of members who read nobody: they roll over in both ways. */
  readonly rolledOver: readonly Share[]
}

/** Both ways to share a pooled plan by time, so that both can be shown. Each adds up to the budgets of those who read somebody. */
export function pool(members: readonly PoolMember[]): Pooled {
  const reading = members.filter(({ attention }) => attention.some(({ seconds }) => seconds > 0))
  const seconds = new Map<string, bigint>()
  const userCentric = new Map<string, bigint>()
  for (const { budget, attention } of reading) {
    for (const { payee, seconds: time } of attention) add(seconds, payee, BigInt(time))
    for (const { id, amount } of share(budget, { kind: 'time' }, attention).shares) add(userCentric, id, amount)
  }
  const pot = reading.reduce((sum, { budget }) => sum + budget, 0n)
  const proRata = apportion(pot, Array.from(seconds, ([id, weight]) => ({ id, weight })))
  return {
    proRata: proRata.filter(({ amount }) => amount > 0n),
    userCentric: Array.from(userCentric, ([id, amount]) => ({ id, amount })),
    rolledOver: members.filter((member) => !reading.includes(member) && member.budget > 0n).map(({ id, budget }) => ({ id, amount: budget })),
  }
}

function add(sums: Map<string, bigint>, id: string, amount: bigint): void {
  sums.set(id, (sums.get(id) ?? 0n) + amount)
}
