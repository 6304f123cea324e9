import { inTransaction, type Postgres } from '@rivulet/postgres'
import { leaseMs } from './deliverer.ts'
import type { MailTransaction } from './mail/mail-store.ts'
import { deliverAgain } from './store.ts'
import { NotifyFault } from './types.ts'

/** How an outbox stands. Milliseconds since 1970. */
export interface QueueState {
  readonly waiting: number
  /** Among those that wait: tried at least once, without success. */
  readonly failing: number
  /** Since when the oldest waits. */
  readonly oldestMs: number | null
  /** Given up within the last week. */
  readonly dead: number
  /** Of what failed last, among those that wait and those that were given up. */
  readonly lastError: string | null
}

/** An endpoint that did not take what it was sent. */
export interface FailingEndpoint {
  readonly id: string
  readonly ownerId: string
  /** Without query: it may hold a secret of the publisher's. */
  readonly url: string
  readonly paused: boolean
  readonly waiting: number
  readonly dead: number
  /** When the oldest of those was written. */
  readonly sinceMs: number
  readonly attempts: number
  readonly triedMs: number | null
  /** When the first of those that wait is tried next. */
  readonly nextMs: number | null
  readonly answerCode: number | null
  readonly error: string | null
}

/** One that is not tried any more. */
export interface GivenUp {
  /** Of a delivery, which can be sent again, or of a mail, whose text is gone. */
  readonly id: string
  readonly queue: 'webhooks' | 'mails'
  /** The kind of the event, or the template of the mail. */
  readonly what: string
  /** Whose webhook, and where; null for a mail, of which nobody knows any more to whom it was. */
  readonly ownerId: string | null
  readonly url: string | null
  readonly attempts: number
  readonly createdMs: number
  readonly triedMs: number | null
  readonly answerCode: number | null
  readonly error: string | null
}

interface StateRow { waiting: bigint; failing: bigint; oldest: bigint | null; dead: bigint; last_error: string | null }
interface GivenUpRow { id: string; queue: GivenUp['queue']; what: string; owner_id: string | null; url: string | null; attempts: number; created: bigint; tried: bigint | null; answer_code: number | null; error: string | null }
interface FailingRow {
  id: string; owner_id: string; url: string; paused: boolean; waiting: bigint; dead: bigint; since: bigint; attempts: number; tried: bigint | null; next: bigint | null; answer_code: number | null; error: string | null
}

const weekMs = 7 * 24 * 3_600_000
/** Of a delivery `d`: given up since $1, and not sent again since. */
const lost = `d.status = 'dead' and d.tried_at_ms >= $1 and not exists (select from notify.deliveries later where later.endpoint_id = d.endpoint_id and later.event_id = d.event_id and later.seq > d.seq)`

/** What operators see of the outboxes, across all people, and the little that they may do. */
export class QueueStore {
  readonly #pool: Postgres['pool']

  constructor({ pool }: Postgres) {
    this.#pool = pool
  }

  webhooks(nowMs: number): Promise<QueueState> {
    return this.#state(
      `select count(*) filter (where status = 'pending') as waiting, count(*) filter (where status = 'pending' and attempts > 0) as failing, min(created_at_ms) filter (where status = 'pending') as oldest,
        count(*) filter (where status = 'dead') as dead,
        (array_agg(coalesce(error, answer_code::text) order by tried_at_ms desc) filter (where attempts > 0))[1] as last_error
      from notify.deliveries d where status = 'pending' or (${lost})`, nowMs)
  }

  mails(nowMs: number): Promise<QueueState> {
    return this.#state(
      `select count(*) filter (where status = 'waiting') as waiting, count(*) filter (where status = 'waiting' and attempts > 0) as failing, min(created_at_ms) filter (where status = 'waiting') as oldest,
        count(*) filter (where status = 'dead') as dead, (array_agg(error order by tried_at_ms desc) filter (where attempts > 0))[1] as last_error
      from notify.mail where status = 'waiting' or (status = 'dead' and tried_at_ms >= $1)`, nowMs)
  }

  /** Endpoints of which something that waits was tried without success, or that lost something within the last week; those that fail longest first. */
  async failing(nowMs: number, limit: number): Promise<readonly FailingEndpoint[]> {
    const { rows } = await this.#pool.query<FailingRow>(
      `select h.id, h.owner_id, split_part(h.url, '?', 1) as url, h.paused, f.* from notify.endpoints h cross join lateral (
          select count(*) filter (where d.status = 'pending') as waiting, count(*) filter (where d.status = 'dead') as dead, min(d.created_at_ms) as since, max(d.attempts) as attempts, max(d.tried_at_ms) as tried,
            min(d.due_at_ms) filter (where d.status = 'pending') as next,
            (array_agg(d.answer_code order by d.tried_at_ms desc nulls last))[1] as answer_code, (array_agg(d.error order by d.tried_at_ms desc nulls last))[1] as error
          from notify.deliveries d where d.endpoint_id = h.id and (d.status = 'pending' or (${lost}))) f
        where f.attempts > 0 order by f.since, h.id limit $2`, [nowMs - weekMs, limit])
    return rows.map((row) => ({
      id: row.id, ownerId: row.owner_id, url: row.url, paused: row.paused, waiting: Number(row.waiting), dead: Number(row.dead), sinceMs: Number(row.since), attempts: row.attempts, triedMs: row.tried === null ? null : Number(row.tried),
      nextMs: row.next === null ? null : Number(row.next), answerCode: row.answer_code, error: row.error,
    }))
  }

  /** Within the last week, those that were given up last first. */
  async givenUp(nowMs: number, limit: number): Promise<readonly GivenUp[]> {
    const { rows } = await this.#pool.query<GivenUpRow>(
      `select d.id, 'webhooks' as queue, e.kind as what, h.owner_id, split_part(h.url, '?', 1) as url, d.attempts, d.created_at_ms as created, d.tried_at_ms as tried, d.answer_code, d.error
        from notify.deliveries d join notify.events e on e.id = d.event_id join notify.endpoints h on h.id = d.endpoint_id where ${lost}
      union all select id, 'mails', template, null, null, attempts, created_at_ms, tried_at_ms, null, error from notify.mail where status = 'dead' and tried_at_ms >= $1
      order by tried desc, id limit $2`, [nowMs - weekMs, limit])
    return rows.map((row) => ({
      id: row.id, queue: row.queue, what: row.what, ownerId: row.owner_id, url: row.url, attempts: row.attempts, createdMs: Number(row.created), triedMs: row.tried === null ? null : Number(row.tried), answerCode: row.answer_code, error: row.error,
    }))
  }

  /** A new delivery of the same event, behind what waits of its object. Throws `delivery-unknown`, `delivery-pending`. @param also written in the same transaction */
  async sendAgain(id: string, nowMs: number, also: (transaction: MailTransaction) => Promise<void>): Promise<void> {
    await inTransaction(this.#pool, async (client) => {
      await deliverAgain(client, { id, nowMs })
      await also(client)
    })
  }

  /** Makes due at once what waits of an endpoint, but for attempts that may be under way. Throws `webhook-unknown`. @param also written in the same transaction */
  async retryNow(id: string, nowMs: number, also: (transaction: MailTransaction) => Promise<void>): Promise<void> {
    await this.#change(id, also, `update notify.deliveries set due_at_ms = $2 where endpoint_id = $1 and status = 'pending' and due_at_ms > $2 and (tried_at_ms is null or tried_at_ms < $3)`, [id, nowMs, nowMs - leaseMs])
  }

  /** While an endpoint is paused its events wait. Throws `webhook-unknown`. @param also written in the same transaction */
  async setPaused(id: string, paused: boolean, also: (transaction: MailTransaction) => Promise<void>): Promise<void> {
    await this.#change(id, also, 'update notify.endpoints set paused = $2 where id = $1', [id, paused])
  }

  async #change(id: string, also: (transaction: MailTransaction) => Promise<void>, statement: string, values: readonly unknown[]): Promise<void> {
    await inTransaction(this.#pool, async (client) => {
      const known = await client.query('select from notify.endpoints where id = $1 for update', [id])
      if (known.rowCount !== 1) throw new NotifyFault('webhook-unknown', 'there is no such webhook')
      await client.query(statement, [...values])
      await also(client)
    })
  }

  async #state(statement: string, nowMs: number): Promise<QueueState> {
    const { rows } = await this.#pool.query<StateRow>(statement, [nowMs - weekMs])
    const row = rows[0]
    return { waiting: Number(row?.waiting ?? 0n), failing: Number(row?.failing ?? 0n), oldestMs: row?.oldest === null || row === undefined ? null : Number(row.oldest), dead: Number(row?.dead ?? 0n), lastError: row?.last_error ?? null }
  }
}
