import type { Id } from '@rivulet/ids'
import { type Asset, parseUnits } from '@rivulet/money'
import type { MailTransaction } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, sql } from 'kysely'
import type { Share } from './sharing/apportion.ts'
import type { Pooled, PoolMember } from './sharing/pool.ts'

/** By whose reading the pot of a pooled plan is divided: everybody's together, or each member's her own budget. */
export type PoolRule = 'pro-rata' | 'user-centric'

/** What one member's period brings into the pot. */
export interface PoolEntry {
  readonly subscriptionId: Id<'subs'>
  readonly period: number
  readonly planId: Id<'plan'>
  /** UTC, `2026-01`, and the one after it: where the first is closed already, the entry belongs to the next. */
  readonly months: readonly [string, string]
  /** Units. */
  readonly budget: bigint
  readonly attention: readonly { readonly payee: string; readonly seconds: number }[]
}

/** How a month's pot is divided, and how it would have been the other way. */
export interface PoolStatement {
  readonly planId: Id<'plan'>
  readonly month: string
  readonly asset: Asset
  readonly rule: PoolRule
  readonly members: number
  readonly budget: bigint
  readonly proRata: readonly Share[]
  readonly userCentric: readonly Share[]
}

interface Tables {
  'funding.plan': { id: string; pool: PoolRule; asset_code: string; asset_scale: number }
  'funding.pool_entry': { subscription_id: string; period: number; plan_id: string; month: string; budget: bigint; attention: unknown }
  'funding.pool_statement': { plan_id: string; month: string; rule: PoolRule; members: number; budget: bigint; pro_rata: unknown; user_centric: unknown; made_ms: bigint; done_ms: bigint | null }
}

const columns = ['s.plan_id', 's.month', 's.rule', 's.members', 's.budget', 's.pro_rata', 's.user_centric', 'p.asset_code', 'p.asset_scale'] as const

export class PoolStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  /** In the caller's transaction, once. The lock keeps the month from being closed at the same time; what is seen after it is what stands. */
  async enter(transaction: MailTransaction, { subscriptionId, period, planId, months: [month, nextMonth], budget, attention }: PoolEntry): Promise<void> {
    await transaction.query('select from funding.plan where id = $1 for share', [planId])
    await transaction.query(
      `insert into funding.pool_entry (subscription_id, period, plan_id, month, budget, attention)
        values ($1, $2, $3, case when exists (select from funding.pool_statement where plan_id = $3 and month = $4) then $5 else $4 end, $6, $7) on conflict do nothing`,
      [subscriptionId, period, planId, month, nextMonth, budget, JSON.stringify(attention)])
  }

  /** Pots of months before this one that are not divided yet, or not to the end. */
  async due(month: string, limit: number): Promise<readonly { readonly planId: Id<'plan'>; readonly month: string }[]> {
    const { rows } = await sql<{ plan_id: Id<'plan'>; month: string }>`
      select distinct plan_id, month from funding.pool_entry e where month < ${month} and not exists (select from funding.pool_statement s where s.plan_id = e.plan_id and s.month = e.month and s.done_ms is not null)
      order by month, plan_id limit ${limit}`.execute(this.#db)
    return rows.map((row) => ({ planId: row.plan_id, month: row.month }))
  }

  /** Of every pooled plan: the months that are not divided to the end, the oldest first, and what was put in for each, units. `dividing`: its statement stands, and its shares move. */
  async open(): Promise<readonly { readonly planId: Id<'plan'>; readonly months: readonly { readonly month: string; readonly amount: bigint; readonly dividing: boolean }[] }[]> {
    const { rows } = await sql<{ plan_id: Id<'plan'>; month: string | null; amount: bigint | null; dividing: boolean }>`
      select p.id as plan_id, e.month, sum(e.budget)::int8 as amount, s.plan_id is not null as dividing from funding.plan p left join funding.pool_entry e
          on e.plan_id = p.id and not exists (select from funding.pool_statement d where d.plan_id = e.plan_id and d.month = e.month and d.done_ms is not null)
        left join funding.pool_statement s on s.plan_id = e.plan_id and s.month = e.month
      where p.pool <> 'none' group by p.id, e.month, s.plan_id order by p.id, e.month`.execute(this.#db)
    return [...Map.groupBy(rows, (row) => row.plan_id)].map(([planId, months]) => ({
      planId, months: months.flatMap(({ month, amount, dividing }) => (month === null || amount === null ? [] : [{ month, amount, dividing }])),
    }))
  }

  /** The statement of a month, as it was made first. From then on nothing enters that month. */
  async close({ planId, month }: { readonly planId: Id<'plan'>; readonly month: string }, nowMs: number, divide: (members: readonly PoolMember[]) => Pooled): Promise<PoolStatement> {
    await this.#db.transaction().execute(async (tx) => {
      const plan = await tx.selectFrom('funding.plan').select('pool').where('id', '=', planId).forUpdate().executeTakeFirstOrThrow()
      const members = await membersIn(tx, { planId, month })
      const { proRata, userCentric } = divide(members)
      await tx
        .insertInto('funding.pool_statement')
        .values({ plan_id: planId, month, rule: plan.pool, members: members.length, budget: members.reduce((sum, { budget }) => sum + budget, 0n), pro_rata: written(proRata), user_centric: written(userCentric), made_ms: BigInt(nowMs), done_ms: null })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    })
    return statementOf(await this.#statements().where('s.plan_id', '=', planId).where('s.month', '=', month).executeTakeFirstOrThrow())
  }

  /** By whose reading a divided month went out, and who had paid into it: ids of subscriptions with the period, `subs_x/7`. */
  async members({ planId, month }: Pick<PoolStatement, 'planId' | 'month'>): Promise<{ readonly rule: PoolRule; readonly members: readonly PoolMember[] }> {
    const { rule } = await this.#db.selectFrom('funding.pool_statement').select('rule').where('plan_id', '=', planId).where('month', '=', month).executeTakeFirstOrThrow()
    return { rule, members: await membersIn(this.#db, { planId, month }) }
  }

  async done({ planId, month }: Pick<PoolStatement, 'planId' | 'month'>, nowMs: number): Promise<void> {
    await this.#db.updateTable('funding.pool_statement').set({ done_ms: BigInt(nowMs) }).where('plan_id', '=', planId).where('month', '=', month).execute()
  }

  /** Of the months into which a subscription has paid, newest first. */
  async ofSubscription(id: Id<'subs'>, limit: number): Promise<readonly PoolStatement[]> {
    const rows = await this.#statements()
      .where((eb) => eb.exists(eb.selectFrom('funding.pool_entry as e').select('e.plan_id').whereRef('e.plan_id', '=', 's.plan_id').whereRef('e.month', '=', 's.month').where('e.subscription_id', '=', id)))
      .orderBy('s.month', 'desc')
      .limit(limit)
      .execute()
    return rows.map(statementOf)
  }

  /** How long each payee was read by those who have paid into a month so far, seconds. */
  async secondsOf(planId: Id<'plan'>, month: string): Promise<ReadonlyMap<string, bigint>> {
    const { rows } = await sql<{ payee: string; seconds: string }>`
      select a->>'payee' as payee, sum((a->>'seconds')::bigint)::text as seconds from funding.pool_entry, jsonb_array_elements(attention) a where plan_id = ${planId} and month = ${month} group by 1 order by 1`.execute(this.#db)
    return new Map(rows.map(({ payee, seconds }) => [payee, BigInt(seconds)]))
  }

  #statements() {
    return this.#db.selectFrom('funding.pool_statement as s').innerJoin('funding.plan as p', 'p.id', 's.plan_id').select(columns)
  }
}

async function membersIn(db: Kysely<Tables>, { planId, month }: Pick<PoolStatement, 'planId' | 'month'>): Promise<readonly PoolMember[]> {
  const entries = await db.selectFrom('funding.pool_entry').select(['subscription_id', 'period', 'budget', 'attention']).where('plan_id', '=', planId).where('month', '=', month).orderBy('subscription_id').orderBy('period').execute()
  return entries.map((row) => ({ id: `${row.subscription_id}/${row.period}`, budget: row.budget, attention: (row.attention as PoolEntry['attention']).map((one) => ({ ...one, score: 0n })) }))
}

function written(shares: readonly Share[]): string {
  return JSON.stringify(shares.map(({ id, amount }) => ({ id, amount: String(amount) })))
}

function sharesOf(shares: unknown): readonly Share[] {
  return (shares as readonly { readonly id: string; readonly amount: string }[]).map(({ id, amount }) => ({ id, amount: parseUnits(amount) }))
}

type Row = Tables['funding.pool_statement'] & Pick<Tables['funding.plan'], 'asset_code' | 'asset_scale'>

function statementOf(row: Omit<Row, 'made_ms' | 'done_ms'>): PoolStatement {
  return {
    planId: row.plan_id as Id<'plan'>, month: row.month, asset: { code: row.asset_code, scale: row.asset_scale }, rule: row.rule, members: row.members, budget: row.budget,
    proRata: sharesOf(row.pro_rata), userCentric: sharesOf(row.user_centric),
  }
}
