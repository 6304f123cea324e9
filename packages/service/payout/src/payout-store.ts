import { type Action, ofKysely, recordAction } from '@rivulet/audit'
import { assert } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Generated, type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Actor, Payout, PayoutEffect, PayoutStatus, RailName, Step } from './payout.ts'
import { UnpaidStore } from './unpaid-store.ts'

interface PayoutTable {
  id: string
  account_id: string
  person_id: string
  key: string
  rail: string
  destination: Buffer
  shown: string
  asset_code: string
  asset_scale: number
  amount: bigint
  fee: bigint
  status: string
  requested_kind: string
  requested_id: string
  approvals_needed: number
  approvals: unknown
  attempt: number
  reference: string | null
  carried: bigint
  batch_id: string | null
  created_ms: bigint
  changed_ms: bigint
}

interface EventTable {
  payout_id: string
  number: Generated<bigint>
  at_ms: bigint
  status: string
  attempt: number
  actor_kind: string
  actor_id: string
  note: string | null
}

interface MethodTable {
  account_id: string
  person_id: string
  rail: string
  destination: Buffer
  shown: string
  schedule: string
  threshold: bigint
  due_ms: bigint | null
  given_up_ms: Generated<bigint | null>
}

export interface Tables {
  'payout.payout': PayoutTable
  'payout.event': EventTable
  'payout.effect': { payout_id: string; number: Generated<bigint>; rail: string; type: string; effect: unknown; tries: Generated<number>; not_before_ms: Generated<bigint>; done_ms: bigint | null; attempt: number; error: Generated<string | null> }
  'payout.method': MethodTable
  'payout.batch_payout': { batch_id: string; payout_id: string; attempt: number }
  'payout.batch': { id: string; created_ms: bigint; created_by: string; payouts: number; total: bigint; file: Buffer }
}

/** A payout, and what belongs to it beside its state. */
export interface PayoutRecord {
  readonly payout: Payout
  readonly personId: Id<'pers'>
  readonly key: string
  /** Sealed with the payout's id. */
  readonly destination: Buffer
  readonly shown: string
  readonly createdMs: number
  readonly changedMs: number
  readonly batchId: string | undefined
}

export interface TimelineEntry {
  readonly atMs: number
  readonly status: PayoutStatus
  readonly attempt: number
  readonly actor: Actor
  readonly note: string | undefined
}

export type Schedule = 'none' | 'daily' | 'weekly' | 'monthly'

/** How somebody is paid out. */
export interface Method {
  readonly accountId: Id<'acct'>
  readonly personId: Id<'pers'>
  readonly rail: RailName
  /** Sealed with the account's id. */
  readonly destination: Buffer
  readonly shown: string
  readonly schedule: Schedule
  /** By itself only with at least so much, units. */
  readonly threshold: bigint
  /** When it is looked at next, ms since 1970. */
  readonly dueMs: number | undefined
  /** Since when nothing is paid out any more, ms since 1970: what is there goes back. */
  readonly givenUpMs: number | undefined
}

export interface OpenEffect {
  readonly record: PayoutRecord
  readonly number: bigint
  readonly effect: PayoutEffect
  /** Of the payout, which the effect belongs to. */
  readonly attempt: number
  /** How often it was begun. */
  readonly tries: number
}

interface Change {
  readonly step: Step
  readonly actor: Actor
}

/** `asked`: what the payout's account has asked for since then, units, while its other requests wait. */
type Decide = (record: PayoutRecord, asked: (sinceMs: number) => Promise<bigint>) => Change | undefined | Promise<Change | undefined>

/** What payouts took of an account, units. */
export interface Taken {
  /** Operators have not agreed yet. */
  readonly awaitingApproval: bigint
  readonly underWay: bigint
  /** Without our fees. */
  readonly arrived: bigint
  /** When the last one ended otherwise than by arriving whole, and why. */
  readonly refused: { readonly atMs: number; readonly reason: string | undefined } | undefined
}

const pageMax = 500

/** Payouts, their timelines, and what is still to be done about them. */
export class PayoutStore {
  readonly #db: Kysely<Tables>

  /** Wallet addresses elsewhere that take nothing. */
  readonly unpaid: UnpaidStore

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
    this.unpaid = new UnpaidStore(postgres)
  }

  /** Accounts of which nothing was ever paid out are missing. */
  async takenOf(accountIds: readonly Id<'acct'>[]): Promise<ReadonlyMap<Id<'acct'>, Taken>> {
    if (accountIds.length === 0) return new Map()
    const { rows } = await sql<{ account_id: Id<'acct'>; awaiting: bigint; under_way: bigint; arrived: bigint; status: PayoutStatus; changed_ms: bigint; note: string | null }>`
      select p.account_id, coalesce(sum(p.amount) filter (where p.status in ('requested', 'approved', 'sent')), 0)::int8 as under_way,
        coalesce(sum(p.amount) filter (where p.status = 'awaiting-approval'), 0)::int8 as awaiting,
        coalesce(sum(case p.status when 'settled' then p.amount - p.fee when 'failed' then p.carried when 'returned' then p.carried else 0 end), 0)::int8 as arrived, l.status, l.changed_ms, l.note
      from payout.payout p join lateral (
        select status, changed_ms, (select note from payout.event e where e.payout_id = q.id order by e.number desc limit 1) as note from payout.payout q where q.account_id = p.account_id order by q.id desc limit 1) l on true
      where p.account_id = any(${accountIds}::text[]) group by p.account_id, l.status, l.changed_ms, l.note`.execute(this.#db)
    return new Map(rows.map((row) => {
      const lost = row.status === 'failed' || row.status === 'returned' || row.status === 'cancelled'
      return [row.account_id, { awaitingApproval: row.awaiting, underWay: row.under_way, arrived: row.arrived, refused: lost ? { atMs: Number(row.changed_ms), reason: row.note ?? undefined } : undefined }]
    }))
  }

  /**
   * The payout with this key of the account: a new one, or the one that was there before. Durable. The account has a way out.
   * @param ask is told what the account has asked for since `sinceMs`, units, while its other requests wait
   */
  async insert({ accountId, personId, key, destination, shown }: Pick<PayoutRecord, 'personId' | 'key' | 'destination' | 'shown'> & Pick<Payout, 'accountId'>, { nowMs, sinceMs, action }: { readonly nowMs: number; readonly sinceMs: number; readonly action?: Action | undefined }, ask: (asked: bigint) => Step): Promise<PayoutRecord> {
    return this.#db.transaction().execute(async (tx) => {
      const { payout, effects } = ask(await askedAlone(tx, accountId, sinceMs))
      const { id, rail, asset, amount, fee, requestedBy } = payout
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('payout.payout')
        .values({
          id, account_id: accountId, person_id: personId, key, rail, destination, shown, asset_code: asset.code, asset_scale: asset.scale, amount, fee, requested_kind: requestedBy.kind, requested_id: requestedBy.id,
          created_ms: BigInt(nowMs), ...stateColumns(payout, nowMs),
        })
        .onConflict((conflict) => conflict.columns(['account_id', 'key']).doNothing())
        .executeTakeFirstOrThrow()
      if (numInsertedOrUpdatedRows === 1n) {
        await insertEvent(tx, { step: { payout, effects }, actor: requestedBy }, nowMs)
        await insertEffects(tx, payout, effects)
        if (action !== undefined) await recordAction(ofKysely(tx), { ...action, subject: id }, nowMs)
      }
      return recordOf(await tx.selectFrom('payout.payout').selectAll().where('account_id', '=', accountId).where('key', '=', key).executeTakeFirstOrThrow())
    })
  }

  /** Units that the account has asked for since then, ms since 1970, retries too; of what was cancelled, failed or came back only what arrived. */
  askedSince(accountId: Id<'acct'>, sinceMs: number): Promise<bigint> {
    return askedSince(this.#db, accountId, sinceMs)
  }

  async get(id: string): Promise<PayoutRecord | undefined> {
    const row = await this.#db.selectFrom('payout.payout').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? undefined : recordOf(row)
  }

  async byKey(accountId: Id<'acct'>, key: string): Promise<PayoutRecord | undefined> {
    const row = await this.#db.selectFrom('payout.payout').selectAll().where('account_id', '=', accountId).where('key', '=', key).executeTakeFirst()
    return row === undefined ? undefined : recordOf(row)
  }

  /** Newest first. */
  async list(filter: { readonly accountId?: Id<'acct'>; readonly statuses?: readonly PayoutStatus[]; readonly limit: number; readonly before?: string | undefined }): Promise<readonly PayoutRecord[]> {
    let query = this.#db.selectFrom('payout.payout').selectAll().orderBy('id', 'desc').limit(Math.min(filter.limit, pageMax))
    if (filter.accountId !== undefined) query = query.where('account_id', '=', filter.accountId)
    if (filter.statuses !== undefined) query = query.where('status', 'in', filter.statuses)
    if (filter.before !== undefined) query = query.where('id', '<', filter.before)
    return (await query.execute()).map(recordOf)
  }

  /** Of several payouts, oldest first. */
  async timelines(ids: readonly string[]): Promise<ReadonlyMap<string, readonly TimelineEntry[]>> {
    if (ids.length === 0) return new Map()
    const rows = await this.#db.selectFrom('payout.event').selectAll().where('payout_id', 'in', ids).orderBy('number').execute()
    const timelines = new Map<string, TimelineEntry[]>()
    for (const row of rows) {
      const entry = { atMs: Number(row.at_ms), status: row.status as PayoutStatus, attempt: row.attempt, actor: { kind: row.actor_kind, id: row.actor_id } as Actor, note: row.note ?? undefined }
      timelines.set(row.payout_id, [...(timelines.get(row.payout_id) ?? []), entry])
    }
    return timelines
  }

  /**
   * Lets `decide` look at a payout under its lock, and writes what it answers. Durable when it resolves. Throws what `decide` throws.
   * @param completes the effect that this change ends: when another process has ended it, nothing happens
   * @param action of the operator who decided it, written down with the change
   */
  async change(id: Id<'pout'>, { nowMs, completes, action }: { readonly nowMs: number; readonly completes?: bigint; readonly action?: Action | undefined }, decide: Decide): Promise<PayoutRecord | undefined> {
    return this.#db.transaction().execute(async (tx) => {
      const record = await changeIn(tx, id, { nowMs, ...(completes !== undefined && { completes }) }, decide)
      if (record !== undefined && action !== undefined) await recordAction(ofKysely(tx), action, nowMs)
      return record
    })
  }

  /** Writes down what the rail will call this attempt, before the rail hears of it; of a process that comes late, nothing. */
  async setReference({ id, attempt }: Pick<Payout, 'id' | 'attempt'>, reference: string): Promise<void> {
    await this.#db.updateTable('payout.payout').set({ reference }).where('id', '=', id).where('attempt', '=', attempt).where('reference', 'is', null).execute()
  }

  /**
   * The first open effect of payouts, whose time has come and that this process can do; nobody else is handed them before `untilMs`. Later effects of a payout wait for its first.
   * @param rails that this process can send by
   */
  async takeEffects({ nowMs, untilMs, rails, limit, payoutId }: { readonly nowMs: number; readonly untilMs: number; readonly rails: readonly RailName[]; readonly limit: number; readonly payoutId?: string }): Promise<readonly OpenEffect[]> {
    const only = payoutId === undefined ? sql`` : sql`and payout_id = ${payoutId}`
    const { rows } = await sql<{ payout_id: string; number: bigint; effect: PayoutEffect; attempt: number; tries: number }>`
      with taken as (
        select payout_id, number from payout.effect e
        where done_ms is null and not_before_ms <= ${nowMs} ${only}
          and (type not in ('send', 'check') or rail = any(${rails}))
          and not exists (select from payout.effect earlier where earlier.payout_id = e.payout_id and earlier.number < e.number and earlier.done_ms is null)
        order by number limit ${limit} for update skip locked)
      update payout.effect e set not_before_ms = ${untilMs}, tries = e.tries + 1 from taken
      where e.payout_id = taken.payout_id and e.number = taken.number returning e.payout_id, e.number, e.effect, e.attempt, e.tries`.execute(this.#db)
    if (rows.length === 0) return []
    const records = new Map((await this.#db.selectFrom('payout.payout').selectAll().where('id', 'in', rows.map((row) => row.payout_id)).execute()).map((row) => [row.id, recordOf(row)]))
    return rows.toSorted((one, other) => (one.number < other.number ? -1 : 1)).flatMap(({ payout_id: id, number, effect, attempt, tries }) => {
      const record = records.get(id)
      return record === undefined ? [] : [{ record, number, effect, attempt, tries }]
    })
  }

  /** @param error why it did not succeed, in words for operators; none while it only waits */
  async postpone({ record, number }: OpenEffect, notBeforeMs: number, error?: string): Promise<void> {
    await this.#db.updateTable('payout.effect').set({ not_before_ms: BigInt(notBeforeMs), error: error?.slice(0, 500) ?? null }).where('payout_id', '=', record.payout.id).where('number', '=', number).where('done_ms', 'is', null).execute()
  }

  async method(accountId: Id<'acct'>): Promise<Method | undefined> {
    const row = await this.#db.selectFrom('payout.method').selectAll().where('account_id', '=', accountId).executeTakeFirst()
    return row === undefined ? undefined : methodOf(row)
  }

  async setMethod(method: Omit<Method, 'givenUpMs'>): Promise<void> {
    const { accountId, personId, rail, destination, shown, schedule, threshold, dueMs } = method
    const columns = { person_id: personId, rail, destination, shown, schedule, threshold, due_ms: dueMs === undefined ? null : BigInt(dueMs) }
    await this.#db.insertInto('payout.method').values({ account_id: accountId, ...columns }).onConflict((conflict) => conflict.column('account_id').doUpdateSet(columns)).execute()
  }

  async dueMethods(nowMs: number, limit: number): Promise<readonly Method[]> {
    return (await this.#db.selectFrom('payout.method').selectAll().where('due_ms', '<=', BigInt(nowMs)).orderBy('due_ms').limit(limit).execute()).map(methodOf)
  }

  /** Unless somebody has changed it since. */
  async moveOn(accountId: Id<'acct'>, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): Promise<void> {
    await this.#db.updateTable('payout.method').set({ due_ms: BigInt(toMs) }).where('account_id', '=', accountId).where('due_ms', '=', BigInt(fromMs)).execute()
  }

  /** What a rail's clearing account must hold: set aside, and neither settled nor given back. Oldest first. */
  async openOf(rail: RailName): Promise<readonly PayoutRecord[]> {
    const { rows } = await sql<PayoutTable>`
      select * from payout.payout p where rail = ${rail} and case
        when exists (select from payout.effect e where e.payout_id = p.id and e.done_ms is null and e.type = 'settle') then true
        when exists (select from payout.effect e where e.payout_id = p.id and e.done_ms is null and e.type in ('reserve', 'unsettle')) then false
        when exists (select from payout.effect e where e.payout_id = p.id and e.done_ms is null and e.type = 'release') then true
        else status in ('awaiting-approval', 'approved', 'sent') end
      order by id`.execute(this.#db)
    return rows.map(recordOf)
  }

  /** What a file for the bank held, each payout with the attempt that it was then. */
  async ofBatch(batchId: string): Promise<readonly { readonly payout: Payout; readonly attempt: number }[]> {
    const rows = await this.#db.selectFrom('payout.payout as p').innerJoin('payout.batch_payout as b', 'b.payout_id', 'p.id').selectAll('p').select('b.attempt as then').where('b.batch_id', '=', batchId).orderBy('p.id').execute()
    return rows.map(({ then, ...row }) => ({ payout: recordOf(row).payout, attempt: then }))
  }
}

/** As `PayoutStore.change`, within a transaction of another store of this package. */
export async function changeIn(tx: Transaction<Tables>, id: Id<'pout'>, { nowMs, completes }: { readonly nowMs: number; readonly completes?: bigint }, decide: Decide): Promise<PayoutRecord | undefined> {
  const row = await tx.selectFrom('payout.payout').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
  if (row === undefined) return undefined
  const record = recordOf(row)
  if (completes !== undefined) {
    const ended = tx.updateTable('payout.effect').set({ done_ms: BigInt(nowMs) }).where('payout_id', '=', id).where('number', '=', completes).where('done_ms', 'is', null)
    if ((await ended.executeTakeFirstOrThrow()).numUpdatedRows !== 1n) return record
  }
  const change = await decide(record, (sinceMs) => askedAlone(tx, record.payout.accountId, sinceMs))
  if (change === undefined) return record
  const { payout, effects } = change.step
  assert(payout.id === id, 'a transition keeps its payout')
  await tx.updateTable('payout.payout').set(stateColumns(payout, nowMs)).where('id', '=', id).execute()
  await insertEvent(tx, change, nowMs)
  await insertEffects(tx, payout, effects)
  return { ...record, payout, changedMs: nowMs }
}

async function askedAlone(tx: Transaction<Tables>, accountId: Id<'acct'>, sinceMs: number): Promise<bigint> {
  await sql`select from payout.method where account_id = ${accountId} for update`.execute(tx)
  return askedSince(tx, accountId, sinceMs)
}

async function askedSince(db: Kysely<Tables>, accountId: Id<'acct'>, sinceMs: number): Promise<bigint> {
  const { rows } = await sql<{ asked: bigint }>`
    select coalesce(sum(case when status in ('cancelled', 'failed', 'returned') then carried else amount end), 0)::int8 as asked from payout.payout p
    where account_id = ${accountId} and changed_ms > ${sinceMs} and exists (select from payout.event e where e.payout_id = p.id and e.status = 'requested' and e.at_ms > ${sinceMs})`.execute(db)
  return rows[0]?.asked ?? 0n
}

async function insertEvent(tx: Transaction<Tables>, { step: { payout, note }, actor }: Change, nowMs: number): Promise<void> {
  await tx.insertInto('payout.event').values({ payout_id: payout.id, at_ms: BigInt(nowMs), status: payout.status, attempt: payout.attempt, actor_kind: actor.kind, actor_id: actor.id, note: note?.slice(0, 1_000) ?? null }).execute()
}

async function insertEffects(tx: Transaction<Tables>, { id, rail, attempt }: Payout, effects: readonly PayoutEffect[]): Promise<void> {
  if (effects.length === 0) return
  await tx.insertInto('payout.effect').values(effects.map((effect) => ({ payout_id: id, rail, attempt, type: effect.type, effect: JSON.stringify(effect), done_ms: null }))).execute()
}

function stateColumns({ status, approvalsNeeded, approvals, attempt, reference, carried }: Payout, nowMs: number) {
  return { status, approvals_needed: approvalsNeeded, approvals: JSON.stringify(approvals), attempt, reference: reference ?? null, carried, changed_ms: BigInt(nowMs) }
}

export function recordOf(row: PayoutTable): PayoutRecord {
  const payout: Payout = {
    id: row.id as Id<'pout'>, accountId: row.account_id as Id<'acct'>, rail: row.rail as RailName, asset: { code: row.asset_code, scale: row.asset_scale }, amount: row.amount, fee: row.fee,
    status: row.status as PayoutStatus, requestedBy: { kind: row.requested_kind, id: row.requested_id } as Actor, approvalsNeeded: row.approvals_needed as 0 | 1 | 2, approvals: row.approvals as readonly string[],
    attempt: row.attempt, reference: row.reference ?? undefined, carried: row.carried,
  }
  return { payout, personId: row.person_id as Id<'pers'>, key: row.key, destination: row.destination, shown: row.shown, createdMs: Number(row.created_ms), changedMs: Number(row.changed_ms), batchId: row.batch_id ?? undefined }
}

function methodOf(row: Selectable<MethodTable>): Method {
  return {
    accountId: row.account_id as Id<'acct'>, personId: row.person_id as Id<'pers'>, rail: row.rail as RailName, destination: row.destination, shown: row.shown, schedule: row.schedule as Schedule,
    threshold: row.threshold, dueMs: row.due_ms === null ? undefined : Number(row.due_ms), givenUpMs: row.given_up_ms === null ? undefined : Number(row.given_up_ms),
  }
}
