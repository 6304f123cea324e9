import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import type { ChargeStatus } from '../funding-store.ts'

/** As operators speak of them. `grace`: the running period is not paid yet; `past-due`: and a charge of it has failed; `cancelled`: ends with its period. */
export const overseenStates = ['trial', 'active', 'grace', 'past-due', 'paused', 'cancelled', 'starting', 'ended'] as const
export type OverseenState = (typeof overseenStates)[number]

export interface SubscriptionLine {
  readonly id: Id<'subs'>
  readonly personId: Id<'pers'>
  readonly state: OverseenState
  readonly plan: string
  /** Units of the asset. */
  readonly price: bigint
  readonly asset: Asset
  readonly period: 'month' | 'year'
  readonly begunMs: number
  readonly periodEndsMs: number
  /** When a failed charge is tried again. */
  readonly retryAtMs: number | undefined
  /** Until when a charge waits for her bank. */
  readonly waitsUntilMs: number | undefined
  /** Charges of this period that failed. */
  readonly attempts: number
  readonly charging: boolean
  readonly cancelled: boolean
  readonly pausing: boolean
}

export interface ChargeLine {
  readonly key: string
  readonly provider: string
  readonly amount: bigint
  readonly status: ChargeStatus
  readonly reason: string | null
  readonly refunded: bigint
  readonly askedMs: number
  readonly settledMs: number | null
}

interface Row {
  id: Id<'subs'>; person_id: Id<'pers'>; overseen: OverseenState; name: string; price: bigint; asset_code: string; asset_scale: number; period: 'month' | 'year'; begun_ms: bigint
  state: { readonly periodEndsMs: number; readonly retryAtMs: number | null; readonly waitsUntilMs?: number | null; readonly attempts: number; readonly charging: object | null; readonly cancelled: boolean; readonly pausing: boolean }
}

const overseen = `case when s.status = 'ended' then 'ended' when s.status = 'grace' and (s.state->>'attempts')::int > 0 then 'past-due' when s.status = 'grace' then 'grace'
  when (s.state->>'cancelled')::boolean and s.status <> 'starting' then 'cancelled' else s.status end`
const selectLines = `select s.id, s.person_id, ${overseen} as overseen, p.name, p.price, p.asset_code, p.asset_scale, p.period, s.begun_ms, s.state from funding.subscription s join funding.plan p on p.id = s.state->>'plan'`

/** What operators see of subscriptions: reads, and changes nothing. */
export class SubscriptionListStore {
  readonly #pool: Postgres['pool']

  constructor({ pool }: Postgres) {
    this.#pool = pool
  }

  /** How many there are in each state. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    const { rows } = await this.#pool.query<{ overseen: string; count: bigint }>(`select ${overseen} as overseen, count(*) from funding.subscription s group by 1`)
    return Object.fromEntries(rows.map(({ overseen: state, count }) => [state, Number(count)]))
  }

  /** The names of all plans that anybody has, offered or not. */
  async plans(): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ name: string }>('select distinct name from funding.plan order by name limit 200')
    return rows.map(({ name }) => name)
  }

  /** Newest first; `before` is the id of the last one of the page before. @param people only theirs */
  async list({ state, plan, people, before, limit }: { readonly state: OverseenState | undefined; readonly plan: string | undefined; readonly people: readonly string[] | undefined; readonly before: string | undefined; readonly limit: number }): Promise<readonly SubscriptionLine[]> {
    const { rows } = await this.#pool.query<Row>(
      `${selectLines} where ($1::text is null or ${overseen} = $1) and ($2::text is null or p.name = $2) and ($3::text[] is null or s.person_id = any($3)) and ($4::text is null or s.id < $4) order by s.id desc limit $5`,
      [state ?? null, plan ?? null, people ?? null, before ?? null, limit])
    return rows.map(lineOf)
  }

  async one(id: string): Promise<SubscriptionLine | undefined> {
    const { rows } = await this.#pool.query<Row>(`${selectLines} where s.id = $1`, [id])
    return rows.map(lineOf)[0]
  }

  /** Newest first. */
  async charges(id: string, limit: number): Promise<readonly ChargeLine[]> {
    const { rows } = await this.#pool.query<{ key: string; provider: string; amount: bigint; status: ChargeStatus; reason: string | null; refunded: bigint; asked_ms: bigint; settled_ms: bigint | null }>(
      'select key, provider, amount, status, reason, refunded, asked_ms, settled_ms from funding.charge where subscription_id = $1 order by asked_ms desc, key desc limit $2', [id, limit])
    return rows.map((row) => ({ key: row.key, provider: row.provider, amount: row.amount, status: row.status, reason: row.reason, refunded: row.refunded, askedMs: Number(row.asked_ms), settledMs: row.settled_ms === null ? null : Number(row.settled_ms) }))
  }

  /** Invoices and credit notes of its charges, newest first; what may be given back is paid, and not given back whole. Totals in units. */
  async documents(id: string, limit: number): Promise<readonly { readonly number: number; readonly kind: 'invoice' | 'credit-note'; readonly issuedMs: number; readonly total: string; readonly refundable: boolean }[]> {
    const { rows } = await this.#pool.query<{ number: bigint; kind: 'invoice' | 'credit-note'; issued_ms: bigint; total: string; status: ChargeStatus }>(
      `select i.number, i.kind, i.issued_ms, i.content->>'total' as total, c.status from funding.invoice i join funding.charge c on c.key = i.charge_key where c.subscription_id = $1 order by i.number desc limit $2`, [id, limit])
    return rows.map((row) => ({ number: Number(row.number), kind: row.kind, issuedMs: Number(row.issued_ms), total: row.total, refundable: row.kind === 'invoice' && row.status === 'succeeded' }))
  }

  /** What is still to be done about it, in its order: what, how often it was tried, and why it did not succeed. */
  async open(id: string): Promise<readonly { readonly type: string; readonly attempts: number; readonly error: string | null }[]> {
    const { rows } = await this.#pool.query<{ type: string; attempts: number; error: string | null }>(`select effect->>'type' as type, attempts, error from funding.effect where subscription_id = $1 and done_ms is null order by number limit 50`, [id])
    return rows
  }
}

function lineOf({ id, person_id, overseen: state, name, price, asset_code, asset_scale, period, begun_ms, state: kept }: Row): SubscriptionLine {
  return {
    id, personId: person_id, state, plan: name, price, asset: { code: asset_code, scale: asset_scale }, period, begunMs: Number(begun_ms), periodEndsMs: kept.periodEndsMs, retryAtMs: kept.retryAtMs ?? undefined,
    waitsUntilMs: kept.waitsUntilMs ?? undefined, attempts: kept.attempts, charging: kept.charging !== null, cancelled: kept.cancelled, pausing: kept.pausing,
  }
}
