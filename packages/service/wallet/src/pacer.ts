/** Who pays at which rate: the plan's terms, what she chose instead, and for a stretched budget what is left and how she reads. */
import type { Id } from '@rivulet/ids'
import type { Balance } from '@rivulet/ledger'
import type { Clock } from '@rivulet/time'
import { type Pacing, stretchedRate, stretchEveryMs } from './pace.ts'
import type { Setting, WalletStore } from './store.ts'
import { dayOf, type UsageMeter } from './usage-meter.ts'

/** How a plan lets its budget be spent. */
export interface SpendingTerms {
  /** Units a second. */
  readonly rate: bigint
  readonly pacing: Pacing
  readonly periodEndsMs: number
  /** Units of the running period: what was funded, and what rolled over into it. */
  readonly budget?: bigint
}

export interface PacerOptions {
  readonly store: Pick<WalletStore, 'settingsOf' | 'readSince'>
  readonly ledger: { balance(id: Id<'acct'>): Promise<Balance> }
  readonly meter: Pick<UsageMeter, 'flush'>
  readonly clock: Clock
  /** Units a second, of whom no plan says otherwise. */
  readonly rate: bigint
  termsOf(personIds: readonly Id<'pers'>[]): Promise<ReadonlyMap<Id<'pers'>, SpendingTerms>>
}

/** Whose budget it is. */
export interface Spender {
  readonly personId: Id<'pers'>
  readonly accountId: Id<'acct'>
}

export interface Pace {
  /** Units a second, now. */
  readonly rate: bigint
  readonly pacing: Pacing
  readonly paused: boolean
  /** What her plan, or the wallet, says. */
  readonly terms: Omit<SpendingTerms, 'periodEndsMs'> & { readonly periodEndsMs: number | undefined }
  readonly setting: Setting
}

const unset: Setting = { paused: false, rate: undefined, pacing: undefined }
const windowMs = 28 * 86_400_000
const cachedMax = 50_000

export class Pacer {
  readonly #options: PacerOptions
  /** Stretched rates hold for a minute. */
  readonly #bent = new Map<Id<'pers'>, { readonly sinceMs: number; readonly rate: bigint; readonly of: string }>()

  constructor(options: PacerOptions) {
    this.#options = options
  }

  /** Of all of them, in their order. Throws what the database throws. */
  async pacesOf(spenders: readonly Spender[]): Promise<readonly Pace[]> {
    const { clock, store, rate } = this.#options
    const ids = spenders.map(({ personId }) => personId)
    const [terms, settings] = await Promise.all([this.#options.termsOf(ids), store.settingsOf(ids)])
    const paces = spenders.map(({ personId }): Pace => {
      const known = terms.get(personId) ?? { rate, pacing: 'stream' as const, periodEndsMs: undefined }
      const setting = settings.get(personId) ?? unset
      return { rate: setting.rate ?? known.rate, pacing: setting.pacing ?? known.pacing, paused: setting.paused, terms: known, setting }
    })
    const nowMs = clock.nowMs()
    const due = spenders.filter(({ personId }, index) => {
      const pace = paces[index]
      if (pace?.pacing !== 'stretch' || pace.terms.periodEndsMs === undefined) return false
      const bent = this.#bent.get(personId)
      return bent === undefined || nowMs - bent.sinceMs >= stretchEveryMs || bent.of !== keyOf(pace)
    })
    if (due.length > 0) await this.#bend(due, new Map(spenders.map(({ personId }, index) => [personId, paces[index]])), nowMs)
    return spenders.map(({ personId }, index) => {
      const pace = paces[index] as Pace
      const bent = pace.pacing === 'stretch' ? this.#bent.get(personId) : undefined
      return bent === undefined ? pace : { ...pace, rate: bent.rate }
    })
  }

  async #bend(due: readonly Spender[], paces: ReadonlyMap<string, Pace | undefined>, nowMs: number): Promise<void> {
    const { ledger, meter, store } = this.#options
    const [read, balances] = await Promise.all([
      // What she has read until now counts.
      meter.flush().then(() => store.readSince(due.map(({ personId }) => personId), dayOf(nowMs - windowMs))),
      Promise.all(due.map(({ accountId }) => ledger.balance(accountId))),
    ])
    if (this.#bent.size > cachedMax) this.#bent.clear()
    for (const [index, { personId }] of due.entries()) {
      const pace = paces.get(personId)
      const balance = balances[index]
      if (pace?.terms.periodEndsMs === undefined || balance === undefined) continue
      const known = read.get(personId)
      const rate = stretchedRate({
        left: balance.posted + balance.accrued,
        msLeft: pace.terms.periodEndsMs - nowMs,
        readMs: known?.ms ?? 0,
        windowMs: known === undefined ? 0 : nowMs - Date.parse(known.firstDay),
        rate: pace.rate,
      })
      this.#bent.set(personId, { sinceMs: nowMs, rate, of: keyOf(pace) })
    }
  }
}

/** What a stretched rate was computed from: another plan, period or wish is looked at at once. */
function keyOf({ rate, terms }: Pace): string {
  return `${rate} ${terms.periodEndsMs}`
}
