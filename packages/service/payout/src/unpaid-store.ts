import { type Action, ofKysely, recordAction } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, sql } from 'kysely'

/** An account on which shares gather for a wallet address elsewhere, and how its payouts go. */
export interface Unpaid {
  readonly accountId: Id<'acct'>
  /** Who shares: a publisher, or everybody. */
  readonly personId: Id<'pers'>
  /** The wallet address. */
  readonly shown: string
  /** Payouts that failed since the last of which anything arrived, or since it was tried again, and since when, ms since 1970. */
  readonly failures: number
  readonly sinceMs: number | undefined
  /** Of the last one. */
  readonly reason: string | undefined
  /** Whether a payout has not ended. */
  readonly underWay: boolean
  readonly givingUp: {
    /** An operator, or `schedule` when patience was over. */
    readonly by: string
    readonly reason: string
    /** The second operator, where two must. */
    readonly agreedBy: string | undefined
    /** Since when nothing is tried there any more; undefined while a second operator must ask for it too. */
    readonly atMs: number | undefined
  } | undefined
}

interface Row {
  readonly account_id: Id<'acct'>
  readonly person_id: Id<'pers'>
  readonly shown: string
  readonly given_up_by: string | null
  readonly given_up_reason: string | null
  readonly given_up_agreed_by: string | null
  readonly given_up_ms: bigint | null
  readonly failures: bigint
  readonly since_ms: bigint | null
  readonly reason: string | null
  readonly under_way: boolean
}

interface Next {
  readonly givingUp: Unpaid['givingUp']
  readonly patientFromMs?: number
  /** When it is looked at next. */
  readonly dueMs?: number
}

export class UnpaidStore {
  readonly #db: Kysely<object>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<object>()
  }

  /** Of all accounts that are paid out there by themselves, those whose last payout failed, and those that are given up. */
  async list(limit: number): Promise<readonly Unpaid[]> {
    return (await rowsOf(this.#db, undefined, limit)).map(unpaidOf)
  }

  /** Undefined for accounts that are not paid out there by themselves. */
  async one(accountId: Id<'acct'>): Promise<Unpaid | undefined> {
    return (await rowsOf(this.#db, accountId, 1)).map(unpaidOf)[0]
  }

  /** Lets `decide` look at it under the lock of its way out, and writes what it answers, with the action of the operator who decided. Throws what `decide` throws. The account is known. */
  async change(accountId: Id<'acct'>, { nowMs, action }: { readonly nowMs: number; readonly action?: Action }, decide: (now: Unpaid) => Next | undefined): Promise<Unpaid> {
    return this.#db.transaction().execute(async (tx) => {
      await sql`select from payout.method where account_id = ${accountId} for update`.execute(tx)
      const now = await onlyOf(tx, accountId)
      const next = decide(now)
      if (next === undefined) return now
      const { givingUp, patientFromMs, dueMs } = next
      await sql`update payout.method set given_up_by = ${givingUp?.by ?? null}, given_up_reason = ${givingUp?.reason.slice(0, 300) ?? null}, given_up_agreed_by = ${givingUp?.agreedBy ?? null}, given_up_ms = ${givingUp?.atMs ?? null},
        patient_from_ms = coalesce(${patientFromMs ?? null}, patient_from_ms), due_ms = coalesce(${dueMs ?? null}, due_ms) where account_id = ${accountId}`.execute(tx)
      if (action !== undefined) await recordAction(ofKysely(tx), action, nowMs)
      return onlyOf(tx, accountId)
    })
  }
}

async function onlyOf(db: Kysely<object>, accountId: Id<'acct'>): Promise<Unpaid> {
  const [row] = await rowsOf(db, accountId, 1)
  if (row === undefined) throw new Error(`the account ${accountId} has no way out`)
  return unpaidOf(row)
}

/** The many payouts of an account are walked only where the last one failed, or it is named. */
async function rowsOf(db: Kysely<object>, accountId: Id<'acct'> | undefined, limit: number): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    select m.account_id, m.person_id, m.shown, m.given_up_by, m.given_up_reason, m.given_up_agreed_by, m.given_up_ms, f.failures, f.since_ms,
      (select note from payout.event e where e.payout_id = l.id order by e.number desc limit 1) as reason,
      exists (select from payout.payout p where p.account_id = m.account_id and (p.status in ('requested', 'awaiting-approval', 'approved', 'sent')
        or exists (select from payout.effect e where e.payout_id = p.id and e.done_ms is null and e.type <> 'tell'))) as under_way
    from payout.method m
      left join lateral (select id, status from payout.payout p where p.account_id = m.account_id order by id desc limit 1) l on true
      left join lateral (select max(changed_ms) as at_ms from payout.payout p where p.account_id = m.account_id and (p.status = 'settled' or p.carried > 0)) arrived on true
      left join lateral (
        select count(*) as failures, min(changed_ms) as since_ms from payout.payout p
        where p.account_id = m.account_id and p.status in ('failed', 'returned') and p.carried = 0 and p.changed_ms > greatest(m.patient_from_ms, coalesce(arrived.at_ms, 0))) f on true
    where m.rail = 'interledger' and m.schedule = 'daily' and case when ${accountId ?? null}::text is null then m.given_up_by is not null or l.status in ('failed', 'returned') else m.account_id = ${accountId ?? null} end
    order by f.since_ms nulls last, m.account_id limit ${limit}`.execute(db)
  return rows
}

function unpaidOf(row: Row): Unpaid {
  return {
    accountId: row.account_id, personId: row.person_id, shown: row.shown, failures: Number(row.failures), sinceMs: row.since_ms === null ? undefined : Number(row.since_ms), reason: row.reason ?? undefined, underWay: row.under_way,
    givingUp: row.given_up_by === null ? undefined : { by: row.given_up_by, reason: row.given_up_reason ?? '', agreedBy: row.given_up_agreed_by ?? undefined, atMs: row.given_up_ms === null ? undefined : Number(row.given_up_ms) },
  }
}
