import { assert } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import { parseUnits } from '@rivulet/money'
import type { MailTransaction } from '@rivulet/notify'
import { Batches, inTwoMessages, type Postgres, type SqlValue, statement } from '@rivulet/postgres'
import { type Generated, type Kysely, sql } from 'kysely'
import { invoicesIssued, invoiceValues, type NewInvoice } from './invoice-store.ts'
import type { Plan } from './plan.ts'
import type { Card } from './providers/provider.ts'
import type { Share } from './sharing/apportion.ts'
import type { DayAttention } from './sharing/counted.ts'
import type { Shared, SharingPolicy } from './sharing/policy.ts'
import { type PoolEntry, PoolStore } from './pool-store.ts'
import { dueMsOf, effectOf, stateOf, subscriptionOf, writtenEffect } from './state.ts'
import type { Subscription, SubscriptionEffect } from './subscription.ts'

interface PlanTable {
  id: string
  key: string
  name: string
  price: bigint
  asset_code: string
  asset_scale: number
  period: 'month' | 'year'
  fee_basis_points: number
  rate: bigint
  pacing: 'stream' | 'stretch'
  pool: Plan['pool']
  trial_days: number
  offered: boolean
}

interface SubscriptionTable {
  id: string
  person_id: string
  account_id: string
  provider: string
  card: unknown
  policy: unknown
  status: string
  state: unknown
  due_ms: bigint | null
  begun_ms: bigint
  period_begun_ms: bigint
  counted: unknown
  funded: bigint
  carried: bigint
}

export type ChargeStatus = 'asked' | 'authentication' | 'succeeded' | 'failed' | 'disputed' | 'refunded'

interface Tables {
  'funding.plan': PlanTable
  'funding.subscription': SubscriptionTable
  'funding.effect': { subscription_id: string; number: Generated<bigint>; effect: unknown; attempts: number; not_before_ms: bigint; done_ms: bigint | null; created_ms: bigint | null; error: string | null }
  'funding.charge': { key: string; subscription_id: string; provider: string; provider_reference: string | null; amount: bigint; status: ChargeStatus; reason: string | null; asked_ms: bigint; settled_ms: bigint | null; refunded: Generated<bigint>; disputes_won: Generated<number>; dispute_cost: Generated<bigint>; dispute_entries: Generated<number>; disputed_to: bigint | null; dispute_beyond: Generated<bigint> }
  'funding.refund': { charge_key: string; until: bigint; amount: bigint; from_budget: bigint; from_fee: bigint; from_vat: bigint; from_loss: bigint }
  'funding.statement': { subscription_id: string; period: number; begun_ms: bigint; ended_ms: bigint; policy: unknown; rest: bigint; rolled_over: bigint; shares: unknown; counted: unknown; pooled: bigint; pool_attention: unknown }
}

/** A subscription and whose it is. */
export interface SubscriptionRecord {
  readonly subscription: Subscription
  readonly personId: Id<'pers'>
  readonly accountId: Id<'acct'>
  readonly provider: string
  readonly card: Card
  readonly policy: SharingPolicy
  readonly periodBegunMs: number
  /** What of the first day's attention, and of the one before, is not this period's; undefined for periods that an earlier version began. */
  readonly counted: readonly DayAttention[] | undefined
  /** Of the running period, units. */
  readonly funded: bigint
  readonly carried: bigint
}

export interface OpenEffect {
  readonly record: SubscriptionRecord
  readonly number: bigint
  readonly effect: SubscriptionEffect
  readonly attempts: number
  /** When it was asked for, ms since 1970; 0 where an earlier version did not write it. */
  readonly createdMs: number
}

type ChargeRow = Omit<ChargeNow, 'disputes'> & Omit<DisputesNow, 'to'> & { readonly subscription_id: string; readonly key: string; readonly to: bigint | null }

export interface ChargeChange {
  readonly key: string
  readonly status: ChargeStatus
  readonly reference?: string
  readonly reason?: string
  readonly refunded?: bigint
  readonly disputes?: DisputesNow & { readonly begins: boolean }
}

/** What one transaction writes. */
interface Change {
  readonly subscription: Subscription
  readonly effects: readonly SubscriptionEffect[]
  readonly set?: Partial<Pick<SubscriptionRecord, 'card' | 'policy' | 'periodBegunMs' | 'counted' | 'funded' | 'carried'>>
  readonly charge?: ChargeChange
  readonly statement?: { readonly period: number; readonly begunMs: number; readonly policy: SharingPolicy; readonly rest: bigint; readonly shared: Shared; readonly counted: readonly DayAttention[]; readonly pooled: PoolEntry['attention'] | undefined }
  readonly invoice?: NewInvoice
  /** What other services write with it; what it queries is written at the end of the transaction, and not answered. */
  readonly also?: (transaction: MailTransaction) => Promise<void>
}

/** What of a charge is known under the lock of its subscription; undefined for one that failed. */
export interface ChargeNow {
  readonly status: ChargeStatus
  readonly amount: bigint
  readonly refunded: bigint
  readonly disputes: DisputesNow
}

/** What is known of the disputes of a charge. */
interface DisputesNow {
  /** Those that were won back. */
  readonly won: number
  /** Of one that stands: how much in all of the charge is gone with it, units, where that is not the whole. */
  readonly to: bigint | undefined
  /** What they took beyond what was left of the charge, units. */
  readonly beyond: bigint
  /** What the provider takes for them, units, and how many entries of its books said so. */
  readonly cost: bigint
  readonly entries: number
}

/** A change that is asked for, and the effect that it ends. */
interface ChangeAsked {
  readonly id: Id<'subs'>
  readonly nowMs: number
  readonly completes: bigint | undefined
  readonly decide: Decide
}

/** The newest rows of a subscription. */
interface NewestAsked {
  readonly id: Id<'subs'>
  readonly limit: number
}

interface ChargeLine {
  readonly key: string
  readonly reference: string | null
  readonly amount: bigint
  readonly status: ChargeStatus
  readonly askedMs: number
  /** Disputes of it that were won back. */
  readonly disputesWon: number
}

interface Beginning {
  readonly record: SubscriptionRecord
  readonly effects: readonly SubscriptionEffect[]
  readonly nowMs: number
}

type Decide = (record: SubscriptionRecord, chargeNow: (key: string) => ChargeNow | undefined) => Change | undefined

/** How a plan lets its budget be spent. */
export interface SpendingTerms {
  /** Units a second. */
  readonly rate: bigint
  readonly pacing: Plan['pacing']
  readonly periodEndsMs: number
  /** Units of the running period: what was funded, and what rolled over into it. */
  readonly budget: bigint
}

export interface PlanSpec extends Omit<Plan, 'id' | 'pool'> {
  /** Not pooled unless told. */
  readonly pool?: Plan['pool']
  /** The operator's own name of it. */
  readonly key: string
}

const statementsKeptMax = 1_200
const atOnceMax = 200
const subscriptionColumns = ['id', 'person_id', 'account_id', 'provider', 'card', 'policy', 'state', 'period_begun_ms', 'counted', 'funded', 'carried'] as const

type SubscriptionRow = Pick<SubscriptionTable, (typeof subscriptionColumns)[number]>

/** Plans, subscriptions, and what is still to be done about them. */
export class FundingStore {
  readonly #db: Kysely<Tables>
  readonly #pool: Postgres['pool']
  /** A plan never changes but for being offered. */
  readonly #plans = new Map<string, Plan>()

  /** What is asked in the same turn is read, or written, together. */
  readonly #offers = new Batches(async (asked: readonly undefined[]) => {
    const plans = (await this.#db.selectFrom('funding.plan').selectAll().where('offered', '=', true).orderBy('price').orderBy('id').execute()).map(planOf)
    return asked.map((): readonly Plan[] => plans)
  }, atOnceMax)
  readonly #records = new Batches(async (ids: readonly Id<'subs'>[]) => {
    const rows = await this.#db.selectFrom('funding.subscription').select(subscriptionColumns).where('id', '=', sql<string>`any(${ids}::text[])`).execute()
    const found = new Map<string, SubscriptionRecord>()
    for (const row of rows) found.set(row.id, await this.#record(row))
    return ids.map((id) => found.get(id))
  }, atOnceMax)
  readonly #had = new Batches(async (personIds: readonly string[]) => {
    const rows = await this.#db.selectFrom('funding.subscription').select('person_id').where('person_id', '=', sql<string>`any(${personIds}::text[])`).distinct().execute()
    const found = new Set(rows.map((row) => row.person_id))
    return personIds.map((id) => found.has(id))
  }, atOnceMax)
  readonly #paid = new Batches(async (ids: readonly string[]) => {
    const { rows } = await sql<{ subscription_id: string; amount: bigint; settled_ms: bigint }>`
      select distinct on (subscription_id) subscription_id, amount, settled_ms from funding.charge where subscription_id = any(${ids}::text[]) and status = 'succeeded' order by subscription_id, settled_ms desc`.execute(this.#db)
    const found = new Map(rows.map((row) => [row.subscription_id, { amount: row.amount, paidMs: Number(row.settled_ms) }]))
    return ids.map((id) => found.get(id))
  }, atOnceMax)
  readonly #statements = new Batches(async (asked: readonly { readonly id: string; readonly period: number }[]) => {
    const { rows } = await sql<Tables['funding.statement']>`
      select s.* from unnest(${asked.map(({ id }) => id)}::text[], ${asked.map(({ period }) => period)}::int4[]) as u(id, period) join funding.statement s on s.subscription_id = u.id and s.period = u.period`.execute(this.#db)
    const found = new Map(rows.map((row) => [`${row.subscription_id} ${row.period}`, statementOf(row)]))
    return asked.map(({ id, period }) => found.get(`${id} ${period}`))
  }, atOnceMax)
  readonly #statementsOf = new Batches(async (asked: readonly NewestAsked[]) => {
    const { rows } = await sql<Tables['funding.statement'] & { readonly asked: bigint }>`
      select w.asked, s.* from unnest(${asked.map(({ id }) => id)}::text[], ${asked.map(({ limit }) => limit)}::int4[]) with ordinality as w(id, rows_max, asked)
      cross join lateral (select * from funding.statement where subscription_id = w.id order by period desc limit w.rows_max) s order by w.asked, s.period desc`.execute(this.#db)
    const found = Map.groupBy(rows, (row) => Number(row.asked))
    return asked.map((_, index) => (found.get(index + 1) ?? []).map(statementOf))
  }, atOnceMax)
  readonly #chargesOf = new Batches(async (asked: readonly NewestAsked[]) => {
    const { rows } = await sql<Pick<Tables['funding.charge'], 'key' | 'provider_reference' | 'amount' | 'status' | 'asked_ms'> & { readonly asked: bigint; readonly disputes_won: number }>`
      select w.asked, c.* from unnest(${asked.map(({ id }) => id)}::text[], ${asked.map(({ limit }) => limit)}::int4[]) with ordinality as w(id, rows_max, asked)
      cross join lateral (
        select key, provider_reference, amount, status, asked_ms, disputes_won from funding.charge where subscription_id = w.id order by asked_ms desc, key limit w.rows_max) c order by w.asked, c.asked_ms desc, c.key`.execute(this.#db)
    const found = Map.groupBy(rows, (row) => Number(row.asked))
    return asked.map((_, index) => (found.get(index + 1) ?? []).map((row) => ({ key: row.key, reference: row.provider_reference, amount: row.amount, status: row.status, askedMs: Number(row.asked_ms), disputesWon: row.disputes_won })))
  }, atOnceMax)
  readonly #beginnings = new Batches((asked: readonly Beginning[]) => this.#begin(asked), atOnceMax)
  readonly #changes = new Batches((asked: readonly ChangeAsked[]) => this.#changeAll(asked), atOnceMax)

  /** Of pooled plans. */
  readonly pools: PoolStore

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
    this.#pool = postgres.pool
    this.pools = new PoolStore(postgres)
  }

  /** Offers these plans and no others. One whose terms differ from what is offered under its key takes its place; who has the old one keeps it. */
  async offer(specs: readonly PlanSpec[], newId: () => Id<'plan'>): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      const offered = await tx.selectFrom('funding.plan').selectAll().where('offered', '=', true).orderBy('id').forUpdate().execute()
      for (const row of offered) {
        const spec = specs.find(({ key }) => key === row.key)
        if (spec === undefined || !sameTerms(row, spec)) await tx.updateTable('funding.plan').set({ offered: false }).where('id', '=', row.id).execute()
      }
      for (const spec of specs) {
        if (offered.some((row) => row.key === spec.key && sameTerms(row, spec))) continue
        await tx
          .insertInto('funding.plan')
          .values({
            id: newId(), key: spec.key, name: spec.name, price: spec.price, asset_code: spec.asset.code, asset_scale: spec.asset.scale, period: spec.period, fee_basis_points: spec.feeBasisPoints,
            rate: spec.rate, pacing: spec.pacing, pool: spec.pool ?? 'none', trial_days: spec.trialDays, offered: true,
          })
          .onConflict((conflict) => conflict.column('key').where('offered', '=', true).doNothing())
          .execute()
      }
    })
  }

  offeredPlans(): Promise<readonly Plan[]> {
    return this.#offers.add(undefined)
  }

  /** The subscription that has not ended, if she has one. */
  async ofPerson(personId: Id<'pers'>): Promise<SubscriptionRecord | undefined> {
    const row = await this.#db.selectFrom('funding.subscription').select(subscriptionColumns).where('person_id', '=', personId).where('status', '<>', 'ended').executeTakeFirst()
    return row === undefined ? undefined : this.#record(row)
  }

  byId(id: Id<'subs'>): Promise<SubscriptionRecord | undefined> {
    return this.#records.add(id)
  }

  /** How those spend their budgets who have a subscription that has begun. */
  async termsOf(personIds: readonly Id<'pers'>[]): Promise<ReadonlyMap<Id<'pers'>, SpendingTerms>> {
    if (personIds.length === 0) return new Map()
    const rows = await this.#db
      .selectFrom('funding.subscription as s')
      .innerJoin('funding.plan as p', (join) => join.on(sql<boolean>`p.id = s.state->>'plan'`))
      .select(['s.person_id', 's.funded', 's.carried', 'p.rate', 'p.pacing', sql<bigint>`(s.state->>'periodEndsMs')::bigint`.as('ends_ms')])
      .where('s.person_id', '=', sql<string>`any(${personIds}::text[])`)
      .where('s.status', 'not in', ['starting', 'ended'])
      .execute()
    return new Map(rows.map((row) => [row.person_id as Id<'pers'>, { rate: row.rate, pacing: row.pacing, periodEndsMs: Number(row.ends_ms), budget: row.funded + row.carried }]))
  }

  /** All subscriptions that she ever had, each with its statements, the newest first. */
  async kept(personId: Id<'pers'>): Promise<readonly object[]> {
    const rows = await this.#db.selectFrom('funding.subscription').selectAll().where('person_id', '=', personId).orderBy('begun_ms', 'desc').limit(statementsKeptMax).execute()
    const kept: object[] = []
    for (const { id, provider, card, policy, status, begun_ms: begunMs, funded, carried } of rows) {
      const { brand, lastFour } = card as Card
      kept.push({ id, provider, card: { brand, lastFour }, policy, status, begunMs, funded, carried, statements: await this.statements(id as Id<'subs'>, statementsKeptMax) })
    }
    return kept
  }

  /** Whether a subscription of hers lives, or something is still to be done for one. */
  async hasOpen(personId: Id<'pers'>): Promise<boolean> {
    const { rows } = await sql`
      select from funding.subscription s where person_id = ${personId} and (status <> 'ended' or exists (select from funding.effect e where e.subscription_id = s.id and done_ms is null)) limit 1`.execute(this.#db)
    return rows.length > 0
  }

  /** Card, sharing policies, and how she read, of subscriptions that have ended. What the books and the law need stays: charges, what was shared with whom, invoices. Idempotent. */
  async forget(personId: Id<'pers'>): Promise<void> {
    const policy = JSON.stringify({ kind: 'time' } satisfies SharingPolicy)
    const card = JSON.stringify({ reference: '', brand: '', lastFour: '' } satisfies Card)
    await sql`update funding.subscription set card = ${card}::jsonb, policy = ${policy}::jsonb, counted = null where person_id = ${personId} and status = 'ended'`.execute(this.#db)
    await sql`update funding.statement set policy = ${policy}::jsonb, counted = null, pool_attention = null where subscription_id in (select id from funding.subscription where person_id = ${personId} and status = 'ended')`.execute(this.#db)
  }

  /** Whether she ever had a subscription, so that trials are for newcomers. */
  hadOne(personId: Id<'pers'>): Promise<boolean> {
    return this.#had.add(personId)
  }

  /** False when she has one already. */
  insert(record: SubscriptionRecord, effects: readonly SubscriptionEffect[], nowMs: number): Promise<boolean> {
    return this.#beginnings.add({ record, effects, nowMs })
  }

  async #begin(asked: readonly Beginning[]): Promise<readonly boolean[]> {
    let inserted = new Set<string>()
    const begun = asked.map(({ record: { subscription, personId, accountId, provider, card, policy, periodBegunMs, counted }, nowMs }): Row => {
      const columns = stateColumns(subscription)
      return { text: subscriptionBegun, values: [subscription.id, personId, accountId, provider, JSON.stringify(card), JSON.stringify(policy), columns.status, columns.state, columns.due_ms, nowMs, periodBegunMs, writtenAttention(counted)] }
    })
    await inTwoMessages(this.#pool, together(begun), (rows) => {
      inserted = new Set((rows.flat() as { readonly id: string }[]).map(({ id }) => id))
      return together(asked.flatMap(({ record: { subscription: { id }, provider }, effects, nowMs }) => (inserted.has(id) ? effectsWritten({ id, provider, nowMs }, effects) : [])))
    })
    return asked.map(({ record }) => inserted.has(record.subscription.id))
  }

  /**
   * Lets `decide` look at a subscription under its lock, and writes what it answers. Resolves when durable. Throws what `decide` throws.
   * @param completes the effect that this change ends: when another process has ended it, nothing happens
   */
  async change(id: Id<'subs'>, { nowMs, completes }: { readonly nowMs: number; readonly completes?: bigint }, decide: Decide): Promise<void> {
    const refused = await this.#changes.add({ id, nowMs, completes, decide })
    if (refused !== undefined) throw refused.error
  }

  /** Changes of different subscriptions are one transaction; of the same one, one after the other. What a decision throws is answered, and nothing of it is written. */
  async #changeAll(asked: readonly ChangeAsked[]): Promise<readonly ({ readonly error: unknown } | undefined)[]> {
    const refused = new Map<ChangeAsked, { readonly error: unknown }>()
    for (let left = asked; left.length > 0;) {
      const first = new Map(left.toReversed().map((one) => [one.id, one]))
      const now = [...first.values()]
      left = left.filter((one) => first.get(one.id) !== one)
      await this.#changeOnce(now, refused)
    }
    return asked.map((one) => refused.get(one))
  }

  async #changeOnce(asked: readonly ChangeAsked[], refused: Map<ChangeAsked, { readonly error: unknown }>): Promise<void> {
    const ids = asked.map(({ id }) => id)
    const completing = asked.filter(({ completes }) => completes !== undefined)
    await inTwoMessages(this.#pool, [
      statement(`select ${subscriptionColumns.join()} from funding.subscription where id = any($1::text[]) order by id for update`, [ids]),
      // The locks are had: what others did before them is seen.
      statement('select e.subscription_id, e.number from unnest($1::text[], $2::int8[]) as u(id, number) join funding.effect e on e.subscription_id = u.id and e.number = u.number where e.done_ms is null',
        [completing.map(({ id }) => id), completing.map(({ completes }) => completes ?? 0n)]),
      statement(`select subscription_id, key, status, amount, refunded, disputes_won as won, disputed_to as to, dispute_beyond as beyond, dispute_cost as cost, dispute_entries as entries
        from funding.charge where subscription_id = any($1::text[]) and status in ('asked', 'authentication', 'succeeded', 'disputed', 'refunded')`, [ids]),
    ], async ([rows, open, charges]) => {
      const found = new Map((rows as SubscriptionRow[]).map((row) => [row.id, row]))
      const openEffects = new Set((open as { readonly subscription_id: string; readonly number: bigint }[]).map((row) => `${row.subscription_id} ${row.number}`))
      const written: Written[] = []
      for (const one of asked) {
        const row = found.get(one.id)
        if (row === undefined || (one.completes !== undefined && !openEffects.has(`${one.id} ${one.completes}`))) continue
        const charge = (key: string): ChargeNow | undefined => {
          const its = (charges as ChargeRow[]).find((any) => any.subscription_id === one.id && any.key === key)
          return its === undefined ? undefined : { status: its.status, amount: its.amount, refunded: its.refunded, disputes: { won: its.won, to: its.to ?? undefined, beyond: its.beyond, cost: its.cost, entries: its.entries } }
        }
        try {
          written.push(await decided(one, await this.#record(row), charge))
        } catch (error) {
          refused.set(one, { error })
        }
      }
      return [...written.flatMap(({ also }) => also), ...together(written.flatMap(({ rows: own }) => own))]
    })
  }

  /** Subscriptions that time alone changes now. */
  async due(nowMs: number, limit: number): Promise<readonly { readonly id: Id<'subs'>; readonly personId: Id<'pers'> }[]> {
    const rows = await this.#db.selectFrom('funding.subscription').select(['id', 'person_id']).where('due_ms', '<=', BigInt(nowMs)).orderBy('due_ms').limit(limit).execute()
    return rows.map((row) => ({ id: row.id as Id<'subs'>, personId: row.person_id as Id<'pers'> }))
  }

  /** The first open effect of each subscription that has any and whose time has come: later ones wait for it. */
  async openEffects(nowMs: number, limit: number): Promise<readonly OpenEffect[]> {
    const { rows } = await sql<{ subscription_id: string; number: bigint; effect: unknown; attempts: number; not_before_ms: bigint; created_ms: bigint | null }>`
      select distinct on (subscription_id) subscription_id, number, effect, attempts, not_before_ms, created_ms from funding.effect
      where done_ms is null order by subscription_id, number`.execute(this.#db)
    const ready = rows.filter((row) => Number(row.not_before_ms) <= nowMs).slice(0, limit)
    const records = new Map<string, SubscriptionRecord>()
    if (ready.length > 0) {
      const found = await this.#db.selectFrom('funding.subscription').select(subscriptionColumns).where('id', '=', sql<string>`any(${ready.map((row) => row.subscription_id)}::text[])`).execute()
      for (const row of found) records.set(row.id, await this.#record(row))
    }
    return ready.flatMap((row) => {
      const record = records.get(row.subscription_id)
      return record === undefined ? [] : [{ record, number: row.number, effect: effectOf(row.effect, (id) => this.#known(id), record.subscription.plan), attempts: row.attempts, createdMs: Number(row.created_ms ?? 0n) }]
    })
  }

  /** @param error why it did not succeed, in words for operators; none while it only waits */
  async postpone({ record, number }: OpenEffect, notBeforeMs: number, error?: string): Promise<void> {
    await this.#db
      .updateTable('funding.effect')
      .set((eb) => ({ attempts: eb('attempts', '+', 1), not_before_ms: BigInt(notBeforeMs), error: error?.slice(0, 500) ?? null }))
      .where('subscription_id', '=', record.subscription.id)
      .where('number', '=', number)
      .execute()
  }

  /** The subscription and the key of a charge that a provider calls `reference`. */
  async chargeBy(provider: string, reference: string): Promise<{ readonly key: string; readonly subscriptionId: Id<'subs'>; readonly status: ChargeStatus } | undefined> {
    const row = await this.#db.selectFrom('funding.charge').select(['key', 'subscription_id', 'status']).where('provider', '=', provider).where('provider_reference', '=', reference).executeTakeFirst()
    return row === undefined ? undefined : { key: row.key, subscriptionId: row.subscription_id as Id<'subs'>, status: row.status }
  }

  /** The last one that succeeded. */
  lastPaid(id: Id<'subs'>): Promise<{ readonly amount: bigint; readonly paidMs: number } | undefined> {
    return this.#paid.add(id)
  }

  async chargeOf(key: string): Promise<{ readonly provider: string; readonly reference: string | null; readonly amount: bigint; readonly status: ChargeStatus } | undefined> {
    return this.#db.selectFrom('funding.charge').select(['provider', 'provider_reference as reference', 'amount', 'status']).where('key', '=', key).executeTakeFirst()
  }

  /** Of the charges that were asked for since, ms since 1970: those that were settled, whatever became of them, and those that were disputed or given back. */
  async chargeCounts(fromMs: number): Promise<{ readonly settled: number; readonly settledAmount: bigint; readonly disputed: number; readonly disputedAmount: bigint; readonly refunded: number }> {
    const { rows } = await sql<{ settled: bigint; settled_amount: bigint; disputed: bigint; disputed_amount: bigint; refunded: bigint }>`
      select count(*) filter (where status in ('succeeded', 'disputed', 'refunded')) as settled, coalesce(sum(amount) filter (where status in ('succeeded', 'disputed', 'refunded')), 0)::int8 as settled_amount,
        count(*) filter (where status = 'disputed') as disputed, coalesce(sum(amount) filter (where status = 'disputed'), 0)::int8 as disputed_amount, count(*) filter (where status = 'refunded') as refunded
      from funding.charge where asked_ms >= ${fromMs}`.execute(this.#db)
    const row = rows[0]
    return { settled: Number(row?.settled ?? 0n), settledAmount: row?.settled_amount ?? 0n, disputed: Number(row?.disputed ?? 0n), disputedAmount: row?.disputed_amount ?? 0n, refunded: Number(row?.refunded ?? 0n) }
  }

  /** What the provider kept of a charge; the first word stands, and is answered with the charge's key. */
  async setProviderFee(provider: string, reference: string, fee: bigint): Promise<{ readonly key: string; readonly fee: bigint } | undefined> {
    const { rows } = await sql<{ key: string; fee: bigint }>`update funding.charge set provider_fee = coalesce(provider_fee, ${fee}) where provider = ${provider} and provider_reference = ${reference} returning key, provider_fee as fee`.execute(this.#db)
    return rows[0]
  }

  /** What of a charge was taken back before it was `until` units in all. */
  async takenBackBefore(key: string, until: bigint): Promise<bigint> {
    const { taken } = await this.#db.selectFrom('funding.refund').select((eb) => eb.fn.max('until').as('taken')).where('charge_key', '=', key).where('until', '<', until).executeTakeFirstOrThrow()
    return taken ?? 0n
  }

  /** The parts of what is taken back of a charge, up to `until` units in all, as they were fixed first. */
  async fixRefund(key: string, until: bigint, parts: RefundParts): Promise<RefundParts> {
    const { fromBudget, fromFee, fromVat, fromLoss } = parts
    await this.#db
      .insertInto('funding.refund')
      .values({ charge_key: key, until, amount: fromBudget + fromFee + fromVat + fromLoss, from_budget: fromBudget, from_fee: fromFee, from_vat: fromVat, from_loss: fromLoss })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const row = await this.#db.selectFrom('funding.refund').selectAll().where('charge_key', '=', key).where('until', '=', until).executeTakeFirstOrThrow()
    return { fromBudget: row.from_budget, fromFee: row.from_fee, fromVat: row.from_vat, fromLoss: row.from_loss }
  }

  /** How what was taken back of a charge, up to `until` units in all, was divided. */
  async refundOf(key: string, until: bigint): Promise<RefundParts | undefined> {
    const row = await this.#db.selectFrom('funding.refund').selectAll().where('charge_key', '=', key).where('until', '=', until).executeTakeFirst()
    return row === undefined ? undefined : { fromBudget: row.from_budget, fromFee: row.from_fee, fromVat: row.from_vat, fromLoss: row.from_loss }
  }

  /** In the caller's transaction: all that was taken back there has come back. */
  async forgetRefund(transaction: MailTransaction, key: string, until: bigint): Promise<void> {
    await transaction.query('delete from funding.refund where charge_key = $1 and until = $2', [key, until])
  }

  /** Only while nothing of it has moved. */
  async dropRefund(key: string, until: bigint): Promise<void> {
    await this.#db.deleteFrom('funding.refund').where('charge_key', '=', key).where('until', '=', until).execute()
  }

  charges(id: Id<'subs'>, limit: number): Promise<readonly ChargeLine[]> {
    return this.#chargesOf.add({ id, limit })
  }

  /** Newest first. */
  statements(id: Id<'subs'>, limit: number): Promise<readonly Statement[]> {
    return this.#statementsOf.add({ id, limit })
  }

  statement(id: Id<'subs'>, period: number): Promise<Statement | undefined> {
    return this.#statements.add({ id, period })
  }

  /** How the rest was shared that left an account under each of these keys. */
  async sharesOf(keys: readonly string[]): Promise<ReadonlyMap<string, readonly Share[]>> {
    if (keys.length === 0) return new Map()
    const { rows } = await sql<{ key: string; shares: unknown }>`
      select key, shares from unnest(${keys}::text[]) as wanted(key)
        join funding.statement on subscription_id = split_part(substr(key, 7), '/', 1) and period::text = split_part(key, '/', 2) where key like 'share:%'`.execute(this.#db)
    return new Map(rows.map(({ key, shares }) => [key, sharesIn(shares)]))
  }

  /** Only while nothing of it has moved. */
  async dropStatement(id: Id<'subs'>, period: number): Promise<void> {
    await this.#db.deleteFrom('funding.statement').where('subscription_id', '=', id).where('period', '=', period).execute()
  }

  async #record(row: SubscriptionRow): Promise<SubscriptionRecord> {
    const { plan, nextPlan, charging } = row.state as { readonly plan: string; readonly nextPlan: string | null; readonly charging: { readonly plan?: string } | null }
    for (const id of [plan, nextPlan, charging?.plan]) if (id !== undefined && id !== null && !this.#plans.has(id)) await this.#loadPlans()
    return {
      subscription: subscriptionOf(row.id as Id<'subs'>, row.state, (id) => this.#known(id)),
      personId: row.person_id as Id<'pers'>,
      accountId: row.account_id as Id<'acct'>,
      provider: row.provider,
      card: row.card as Card,
      policy: row.policy as SharingPolicy,
      periodBegunMs: Number(row.period_begun_ms),
      counted: attentionOf(row.counted),
      funded: row.funded,
      carried: row.carried,
    }
  }

  async #loadPlans(): Promise<void> {
    for (const row of await this.#db.selectFrom('funding.plan').selectAll().execute()) this.#plans.set(row.id, planOf(row))
  }

  #known(id: string): Plan {
    const plan = this.#plans.get(id)
    assert(plan !== undefined, `a row names the plan ${id}, which does not exist`)
    return plan
  }
}

/** Where the money of a refund comes from, units. */
export interface RefundParts {
  readonly fromBudget: bigint
  readonly fromFee: bigint
  readonly fromVat: bigint
  readonly fromLoss: bigint
}

export interface Statement {
  readonly period: number
  readonly begunMs: number
  readonly endedMs: number
  readonly policy: SharingPolicy
  readonly rest: bigint
  readonly rolledOver: bigint
  readonly shares: readonly Share[]
  /** What went into the pot of its plan, units, and by whose reading it counts there. */
  readonly pooled: bigint
  readonly poolAttention: PoolEntry['attention']
  /** The attention of its last two days when it was made. */
  readonly counted: readonly DayAttention[]
}

function statementOf(row: Tables['funding.statement']): Statement {
  return {
    period: row.period, begunMs: Number(row.begun_ms), endedMs: Number(row.ended_ms), policy: row.policy as SharingPolicy, rest: row.rest, rolledOver: row.rolled_over,
    shares: sharesIn(row.shares),
    counted: attentionOf(row.counted) ?? [], pooled: row.pooled, poolAttention: (row.pool_attention as PoolEntry['attention'] | null) ?? [],
  }
}

function sharesIn(written: unknown): readonly Share[] {
  return (written as readonly { readonly id: string; readonly amount: string }[]).map((share) => ({ id: share.id, amount: parseUnits(share.amount) }))
}

function writtenAttention(days: readonly DayAttention[] | undefined): string | null {
  return days === undefined ? null : JSON.stringify(days.map((row) => ({ ...row, score: String(row.score) })))
}

function attentionOf(written: unknown): readonly DayAttention[] | undefined {
  if (written === null) return undefined
  return (written as readonly (Omit<DayAttention, 'score'> & { readonly score: string })[]).map((row) => ({ ...row, score: parseUnits(row.score) }))
}

function planOf(row: PlanTable): Plan {
  return {
    id: row.id as Id<'plan'>, name: row.name, price: row.price, asset: { code: row.asset_code, scale: row.asset_scale }, period: row.period, feeBasisPoints: row.fee_basis_points, rate: row.rate, pacing: row.pacing, pool: row.pool, trialDays: row.trial_days,
  }
}

function sameTerms(row: PlanTable, { name, price, asset, period, feeBasisPoints, rate, pacing, pool = 'none', trialDays }: PlanSpec): boolean {
  return row.name === name && row.price === price && row.asset_code === asset.code && row.asset_scale === asset.scale && row.period === period && row.fee_basis_points === feeBasisPoints && row.rate === rate && row.pacing === pacing && row.pool === pool && row.trial_days === trialDays
}

function stateColumns(subscription: Subscription): { readonly status: string; readonly state: string; readonly due_ms: bigint | null } {
  const dueMs = dueMsOf(subscription)
  return { status: subscription.status, state: JSON.stringify(stateOf(subscription)), due_ms: dueMs === undefined ? null : BigInt(dueMs) }
}

/** A row that is written, and the statement that writes any number of them: it has an array for each value. */
interface Row {
  readonly text: string
  readonly values: readonly SqlValue[]
}

/** What one change writes: its rows, and what other services write with them. */
interface Written {
  readonly rows: readonly Row[]
  readonly also: readonly string[]
}

/** One statement for all rows that are written alike: on a day of renewals there are thousands. Their order is kept. */
function together(rows: readonly Row[]): readonly string[] {
  return [...Map.groupBy(rows, ({ text }) => text)].map(([text, alike]) => statement(text, (alike[0]?.values ?? []).map((_, index) => alike.map(({ values }) => values[index] ?? null))))
}

/** What a change writes, with the end of its effect. Throws what `decide` throws. */
async function decided({ id, nowMs, completes, decide }: ChangeAsked, record: SubscriptionRecord, chargeNow: (key: string) => ChargeNow | undefined): Promise<Written> {
  const change = decide(record, chargeNow)
  const ends = completes === undefined ? [] : [{ text: effectEnded, values: [id, completes, nowMs] }]
  if (change === undefined) return { rows: ends, also: [] }
  const also: string[] = []
  await change.also?.({
    query: (text, values) => {
      also.push(statement(text, values as SqlValue[]))
      return Promise.resolve()
    },
  })
  const { charge, statement: made, invoice } = change
  return {
    rows: [
      ...ends, updated(id, change), ...effectsWritten({ id, provider: record.provider, nowMs }, change.effects), ...(charge === undefined ? [] : [chargeSettled(charge, nowMs)]), ...(made === undefined ? [] : [statementWritten(id, made, nowMs)]),
      ...(invoice === undefined ? [] : [{ text: invoicesIssued, values: invoiceValues(invoice) }]),
    ],
    also,
  }
}

const subscriptionBegun = `insert into funding.subscription (id, person_id, account_id, provider, card, policy, status, state, due_ms, begun_ms, period_begun_ms, counted, funded, carried)
  select id, person_id, account_id, provider, card, policy, status, state, due_ms, begun_ms, period_begun_ms, counted, 0, 0
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::text[], $8::jsonb[], $9::int8[], $10::int8[], $11::int8[], $12::jsonb[]) with ordinality
    as u(id, person_id, account_id, provider, card, policy, status, state, due_ms, begun_ms, period_begun_ms, counted, place)
  order by place on conflict (person_id) where status <> 'ended' do nothing returning id`
const effectEnded = 'update funding.effect e set done_ms = u.done_ms from unnest($1::text[], $2::int8[], $3::int8[]) as u(subscription_id, number, done_ms) where e.subscription_id = u.subscription_id and e.number = u.number'
/** They are numbered in their order. */
const effectAsked = `insert into funding.effect (subscription_id, effect, attempts, not_before_ms, created_ms)
  select subscription_id, effect, 0, 0, created_ms from unnest($1::text[], $2::jsonb[], $3::int8[]) with ordinality as u(subscription_id, effect, created_ms, place) order by place`
const chargeAsked = `insert into funding.charge (key, subscription_id, provider, amount, status, asked_ms)
  select key, subscription_id, provider, amount, 'asked', asked_ms from unnest($1::text[], $2::text[], $3::text[], $4::int8[], $5::int8[]) as u(key, subscription_id, provider, amount, asked_ms)`
const statementMade = `insert into funding.statement (subscription_id, period, begun_ms, ended_ms, policy, rest, rolled_over, shares, counted, pooled, pool_attention)
  select * from unnest($1::text[], $2::int4[], $3::int8[], $4::int8[], $5::jsonb[], $6::int8[], $7::int8[], $8::jsonb[], $9::jsonb[], $10::int8[], $11::jsonb[]) on conflict do nothing`

/** Of columns that change together. */
const columnTypes = {
  status: 'text', state: 'jsonb', due_ms: 'int8', card: 'jsonb', policy: 'jsonb', period_begun_ms: 'int8', counted: 'jsonb', funded: 'int8', carried: 'int8',
  provider_reference: 'text', reason: 'text', refunded: 'int8', settled_ms: 'int8', disputes_won: 'int4', disputed_to: 'int8', dispute_beyond: 'int8', dispute_cost: 'int8', dispute_entries: 'int4',
} as const

type Columns = { readonly [Name in keyof typeof columnTypes]?: SqlValue | undefined }

function updated(id: string, { subscription, set = {} }: Change): Row {
  return updateOf('funding.subscription', {
    ...stateColumns(subscription), period_begun_ms: set.periodBegunMs, funded: set.funded, carried: set.carried,
    ...(set.card !== undefined && { card: JSON.stringify(set.card) }), ...(set.policy !== undefined && { policy: JSON.stringify(set.policy) }), ...(set.counted !== undefined && { counted: writtenAttention(set.counted) }),
  }, ['id', id])
}

/** A charge that is to be asked for has its row before anybody is asked. */
function effectsWritten({ id, provider, nowMs }: { readonly id: string; readonly provider: string; readonly nowMs: number }, effects: readonly SubscriptionEffect[]): readonly Row[] {
  return effects.flatMap((effect) => [
    { text: effectAsked, values: [id, JSON.stringify(writtenEffect(effect)), nowMs] },
    ...(effect.type === 'charge' ? [{ text: chargeAsked, values: [effect.key, id, provider, effect.amount, nowMs] }] : []),
  ])
}

function chargeSettled({ key, status, reference, reason, refunded, disputes }: ChargeChange, nowMs: number): Row {
  const settles = status !== 'authentication' && refunded === undefined && disputes?.begins !== false
  return updateOf('funding.charge', {
    status, provider_reference: reference, reason, refunded, settled_ms: status === 'authentication' ? null : settles ? nowMs : undefined,
    ...(disputes !== undefined && { disputes_won: disputes.won, disputed_to: disputes.to ?? null, dispute_beyond: disputes.beyond, dispute_cost: disputes.cost, dispute_entries: disputes.entries }),
  }, ['key', key])
}

/** @param columns those that are undefined stay as they are */
function updateOf(table: string, columns: Columns, [key, value]: readonly [string, string]): Row {
  const set = (Object.keys(columnTypes) as (keyof typeof columnTypes)[]).flatMap((name) => (columns[name] === undefined ? [] : [{ name, to: columns[name] }]))
  return {
    text: `update ${table} t set ${set.map(({ name }) => `${name} = u.${name}`).join()}
      from unnest(${set.map(({ name }, index) => `$${index + 1}::${columnTypes[name]}[]`).join()}, $${set.length + 1}::text[]) as u(${set.map(({ name }) => name).join()}, its_key) where t.${key} = u.its_key`,
    values: [...set.map(({ to }) => to), value],
  }
}

function statementWritten(id: string, { period, begunMs, policy, rest, shared, counted, pooled }: NonNullable<Change['statement']>, nowMs: number): Row {
  const shares = JSON.stringify(shared.shares.map((share) => ({ id: share.id, amount: String(share.amount) })))
  return {
    text: statementMade,
    values: [id, period, begunMs, nowMs, JSON.stringify(policy), rest, shared.rolledOver, shares, writtenAttention(counted), pooled === undefined ? 0n : rest, pooled === undefined ? null : JSON.stringify(pooled)],
  }
}
