/** Readers who behave like readers: habits, favourites, tabs that stay open, changes of mind. Everything comes from one seed. */

/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What she asks for on some day, if her subscription lets her. */
interface Wish {
  readonly day: number
  readonly kind: 'change-plan' | 'cancel' | 'pause' | 'new-card'
}

export interface Reader {
  /** Chance that she reads in one of the day's sittings. */
  readonly habit: number
  /** Publishers by number, the dearest first. */
  readonly favourites: readonly number[]
  /** The day she subscribes. */
  readonly firstDay: number
  /** A plan by number. */
  readonly plan: number
  /** A card of the sandbox. */
  readonly card: string
  /** Leaves tabs open that she does not look at any more. */
  readonly forgetful: boolean
  readonly policy: 'time' | 'equal' | 'concave' | 'roll-over'
  readonly wish: Wish | undefined
  /** Chance that she gives a tip on a day. */
  readonly generous: number
}

/** One article: of whom, and from and to which step of the sitting. */
export interface Visit {
  readonly reader: number
  readonly publisher: number
  readonly fromStep: number
  readonly toStep: number
  /** Stays open, but hidden, until the sitting ends. */
  readonly forgotten: boolean
}

export interface TipGiven {
  readonly reader: number
  readonly publisher: number
  readonly cents: bigint
}

export const cards = { good: '4242 4242 4242 4242', declined: '4000 0000 0000 0002', dies: '4000 0000 0000 0341', disputed: '4000 0000 0000 0259', disputeWon: '4000 0000 0000 1976' }

/** Of a hundred cards: two are declined at once, four die before the first renewal, one is disputed, and half as often that is won. */
function cardOf(random: number): string {
  return random < 0.02 ? cards.declined : random < 0.06 ? cards.dies : random < 0.07 ? cards.disputed : random < 0.075 ? cards.disputeWon : cards.good
}

function wishOf(random: () => number, days: number): Wish | undefined {
  const [what, when] = [random(), Math.floor(random() * days)]
  const kind = what < 0.05 ? 'change-plan' : what < 0.09 ? 'cancel' : what < 0.1 ? 'pause' : what < 0.12 ? 'new-card' : undefined
  return kind === undefined ? undefined : { day: when, kind }
}

export function readersOf(random: () => number, { subscribers, publishers, days }: { readonly subscribers: number; readonly publishers: number; readonly days: number }): readonly Reader[] {
  return Array.from({ length: subscribers }, () => {
    const kind = random()
    const favourites = new Set<number>()
    const wanted = Math.min(publishers, 2 + Math.floor(random() * 5))
    // Some publishers are much read: the square favours low numbers.
    while (favourites.size < wanted) favourites.add(Math.floor(random() ** 2 * publishers))
    const [card, policy] = [random(), random()]
    return {
      habit: kind < 0.5 ? 0.03 + random() * 0.07 : kind < 0.85 ? 0.1 + random() * 0.2 : 0.45 + random() * 0.4,
      favourites: [...favourites],
      firstDay: random() < 0.8 ? 0 : Math.floor(random() * days),
      plan: random() < 0.15 ? 1 : 0,
      card: cardOf(card),
      forgetful: random() < 0.2,
      policy: policy < 0.7 ? 'time' : policy < 0.8 ? 'equal' : policy < 0.9 ? 'concave' : 'roll-over',
      wish: wishOf(random, days),
      generous: random() < 0.1 ? 0.05 : 0.002,
    }
  })
}

/** Whom they read in one sitting of `steps` steps. Weekends are quieter. */
export function visitsOf(random: () => number, readers: readonly Reader[], { day, steps }: { readonly day: number; readonly steps: number }): readonly Visit[] {
  const visits: Visit[] = []
  for (const [reader, { habit, favourites, firstDay, forgetful }] of readers.entries()) {
    if (firstDay > day || random() >= habit * (day % 7 > 4 ? 0.7 : 1)) continue
    let step = Math.floor(random() * (steps / 3))
    while (step < steps) {
      const toStep = Math.min(steps, step + 1 + Math.floor(random() ** 2 * steps))
      visits.push({ reader, publisher: favourites[Math.floor(random() ** 1.5 * favourites.length)] ?? 0, fromStep: step, toStep, forgotten: forgetful && random() < 0.5 })
      step = random() < 0.5 ? toStep + 1 + Math.floor(random() * 4) : steps
    }
  }
  return visits
}

/** Who gives whom something extra on a day: half a unit to two. */
export function tipsOf(random: () => number, readers: readonly Reader[], day: number): readonly TipGiven[] {
  return readers.flatMap(({ generous, firstDay, favourites }, reader) => {
    if (firstDay > day || random() >= generous) return []
    return [{ reader, publisher: favourites[0] ?? 0, cents: 50n + BigInt(Math.floor(random() * 151)) }]
  })
}
