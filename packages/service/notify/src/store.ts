import { type Id, newId } from '@rivulet/ids'
import { inTransaction, type Postgres } from '@rivulet/postgres'
import type { ClientBase } from 'pg'
import { type Delivery, type Endpoint, type EventKind, type NewEvent, NotifyFault } from './types.ts'

/** An attempt that this process is to make, and nobody else until its lease is over. */
export interface Claimed {
  readonly id: Id<'dlvr'>
  readonly endpointId: Id<'hook'>
  readonly eventId: Id<'evnt'>
  readonly url: string
  readonly secretSealed: Buffer
  readonly body: string
  /** This attempt included. */
  readonly attempts: number
  readonly createdAtMs: number
}

/** How an attempt ended. */
export interface Outcome {
  readonly status: Delivery['status']
  readonly answerCode: number | null
  readonly error: string | null
  readonly dueAtMs: number
}

interface EndpointRow { id: Id<'hook'>; url: string; kinds: EventKind[]; paused: boolean; created_at_ms: bigint }
interface DeliveryRow {
  id: Id<'dlvr'>; event_id: Id<'evnt'>; kind: string; status: Delivery['status']; attempts: number; answer_code: number | null; error: string | null
  created_at_ms: bigint; tried_at_ms: bigint | null; due_at_ms: bigint
}
interface ClaimedRow { id: Id<'dlvr'>; endpoint_id: Id<'hook'>; event_id: Id<'evnt'>; url: string; secret_sealed: Buffer; body: string; attempts: number; created_at_ms: bigint }

const endpointsPerOwnerMax = 10
const selectDeliveries = `select d.id, d.event_id, e.kind, d.status, d.attempts, d.answer_code, d.error, d.created_at_ms, d.tried_at_ms, d.due_at_ms
  from notify.deliveries d join notify.events e on e.id = d.event_id join notify.endpoints h on h.id = d.endpoint_id`

/**
 * Writes events, and a delivery to each endpoint that wants them, in the caller's own transaction: they leave after it is durable, and not at all unless it is. An event that nobody wants is not
 * kept. Whoever writes of one object must do so one after the other.
 * @param nowMs milliseconds since 1970
 */
export async function appendEvents(client: Pick<ClientBase, 'query'>, events: readonly NewEvent[], nowMs: number): Promise<void> {
  for (const { ownerId, kind, object, key, data } of events) {
    const { rows } = await client.query<{ id: Id<'hook'> }>('select id from notify.endpoints where owner_id = $1 and $2 = any(kinds) order by id', [ownerId, kind])
    if (rows.length === 0) continue
    const id = newId('evnt', nowMs)
    const body = JSON.stringify({ id, type: kind, createdAt: new Date(nowMs).toISOString(), data })
    const written = await client.query('insert into notify.events (id, owner_id, kind, body, created_at_ms, key) values ($1, $2, $3, $4, $5, $6) on conflict (key) do nothing', [id, ownerId, kind, body, nowMs, key ?? null])
    if (written.rowCount === 0) continue
    for (const endpoint of rows) {
      await client.query('insert into notify.deliveries (id, endpoint_id, event_id, object, due_at_ms, created_at_ms) values ($1, $2, $3, $4, $5, $5)', [newId('dlvr', nowMs), endpoint.id, id, object, nowMs])
    }
  }
}

/** The same in a transaction of its own, for whoever has none to write them in and may write again: each has a key. */
export function writeEvents(postgres: Postgres, events: readonly (NewEvent & { readonly key: string })[], nowMs: number): Promise<void> {
  return inTransaction(postgres.pool, (client) => appendEvents(client, events, nowMs))
}

/** Of whoever's webhook unless named. The event is the same, and says so by its id: whoever gets it twice knows. Throws `delivery-unknown`, `delivery-pending`. */
export async function deliverAgain(client: Pick<ClientBase, 'query'>, { ownerId, endpointId, id, nowMs }: { readonly ownerId?: Id<'pers'>; readonly endpointId?: string; readonly id: string; readonly nowMs: number }): Promise<Id<'dlvr'>> {
  // The lock keeps a second click from making two.
  const { rows } = await client.query<{ endpoint_id: string; event_id: string; object: string }>(
    `select d.endpoint_id, d.event_id, d.object from notify.deliveries d join notify.endpoints h on h.id = d.endpoint_id where ($1::text is null or h.owner_id = $1) and ($2::text is null or h.id = $2) and d.id = $3 for update of h`,
    [ownerId ?? null, endpointId ?? null, id])
  const old = rows[0]
  if (old === undefined) throw new NotifyFault('delivery-unknown', 'this webhook has no such delivery')
  const waiting = await client.query(`select from notify.deliveries where endpoint_id = $1 and event_id = $2 and status = 'pending'`, [old.endpoint_id, old.event_id])
  if (waiting.rowCount !== 0) throw new NotifyFault('delivery-pending', 'this event still waits to be delivered: nothing to send again')
  const again = newId('dlvr', nowMs)
  await client.query('insert into notify.deliveries (id, endpoint_id, event_id, object, due_at_ms, created_at_ms) values ($1, $2, $3, $4, $5, $5)', [again, old.endpoint_id, old.event_id, old.object, nowMs])
  return again
}

export class NotifyStore {
  readonly #pool: Postgres['pool']

  constructor({ pool }: Postgres) {
    this.#pool = pool
  }

  /** Everyone who has an endpoint. */
  async owners(): Promise<ReadonlySet<string>> {
    const { rows } = await this.#pool.query<{ owner_id: string }>('select distinct owner_id from notify.endpoints')
    return new Set(rows.map(({ owner_id }) => owner_id))
  }

  /** Throws `webhooks-too-many`. */
  async insertEndpoint(ownerId: Id<'pers'>, endpoint: Endpoint, secretSealed: Buffer): Promise<void> {
    // Two at the same time may pass the limit by one: it bounds the work, it guards no money.
    const { rowCount } = await this.#pool.query(
      `insert into notify.endpoints (id, owner_id, url, secret_sealed, kinds, paused, created_at_ms) select $1, $2, $3, $4, $5, $6, $7
        where (select count(*) from notify.endpoints where owner_id = $2) < ${endpointsPerOwnerMax}`,
      [endpoint.id, ownerId, endpoint.url, secretSealed, endpoint.kinds, endpoint.paused, endpoint.createdAtMs])
    if (rowCount !== 1) throw new NotifyFault('webhooks-too-many', `at most ${endpointsPerOwnerMax} webhooks: remove one first`)
  }

  async endpoints(ownerId: Id<'pers'>): Promise<readonly Endpoint[]> {
    const { rows } = await this.#pool.query<EndpointRow>('select id, url, kinds, paused, created_at_ms from notify.endpoints where owner_id = $1 order by id', [ownerId])
    return rows.map(endpointOf)
  }

  async changeEndpoint(ownerId: Id<'pers'>, id: string, changes: { readonly url?: string | undefined; readonly kinds?: readonly EventKind[] | undefined; readonly paused?: boolean | undefined }): Promise<Endpoint | undefined> {
    const { rows } = await this.#pool.query<EndpointRow>(
      `update notify.endpoints set url = coalesce($3, url), kinds = coalesce($4, kinds), paused = coalesce($5, paused) where owner_id = $1 and id = $2 returning id, url, kinds, paused, created_at_ms`,
      [ownerId, id, changes.url ?? null, changes.kinds ?? null, changes.paused ?? null])
    return rows.map(endpointOf)[0]
  }

  /** With its deliveries. False when there is none of this owner. */
  async removeEndpoint(ownerId: Id<'pers'>, id: string): Promise<boolean> {
    return (await this.#pool.query('delete from notify.endpoints where owner_id = $1 and id = $2', [ownerId, id])).rowCount === 1
  }

  /** Newest first; `before` is the id of the last one of the page before. */
  async deliveries(ownerId: Id<'pers'>, endpointId: string, page: { readonly before?: string | undefined; readonly status?: string | undefined; readonly limit: number }): Promise<readonly Delivery[]> {
    const { rows } = await this.#pool.query<DeliveryRow>(
      `${selectDeliveries} where h.owner_id = $1 and d.endpoint_id = $2 and ($3::text is null or d.seq < (select seq from notify.deliveries where id = $3)) and ($4::text is null or d.status = $4) order by d.seq desc limit $5`,
      [ownerId, endpointId, page.before ?? null, page.status ?? null, page.limit])
    return rows.map(deliveryOf)
  }

  /**
   * A new delivery of the same event, behind what waits of its object; the old one stays as it is. Throws `delivery-unknown`, and `delivery-pending` while the event still waits for this endpoint.
   */
  async redeliver({ ownerId, endpointId, id, nowMs }: { readonly ownerId: Id<'pers'>; readonly endpointId: string; readonly id: string; readonly nowMs: number }): Promise<Delivery> {
    return inTransaction(this.#pool, async (client) => {
      const again = await deliverAgain(client, { ownerId, endpointId, id, nowMs })
      const made = await client.query<DeliveryRow>(`${selectDeliveries} where d.id = $1`, [again])
      const row = made.rows[0]
      if (row === undefined) throw new NotifyFault('delivery-unknown', 'this webhook has no such delivery')
      return deliveryOf(row)
    })
  }

  /**
   * Takes deliveries that are due, the first of each object only, a few of each endpoint so that a slow one holds up nobody else. Until `leaseUntilMs` no other process takes them.
   * @param busy endpoints that have enough under way
   */
  async claim({ nowMs, leaseUntilMs, limit, perEndpointMax, busy }: { readonly nowMs: number; readonly leaseUntilMs: number; readonly limit: number; readonly perEndpointMax: number; readonly busy: readonly string[] }): Promise<readonly Claimed[]> {
    const { rows } = await this.#pool.query<ClaimedRow>(
      `with candidates as (
        select c.seq from notify.endpoints h cross join lateral (
          select d.seq from notify.deliveries d where d.endpoint_id = h.id and d.status = 'pending' and d.due_at_ms <= $1
            and not exists (select from notify.deliveries b where b.endpoint_id = d.endpoint_id and b.object = d.object and b.status = 'pending' and b.seq < d.seq)
          order by d.due_at_ms, d.seq limit $4) c
        where not h.paused and h.id <> all($5::text[]) limit $3),
      mine as (select seq from notify.deliveries where seq in (select seq from candidates) and status = 'pending' and due_at_ms <= $1 order by seq for update skip locked)
      update notify.deliveries d set attempts = d.attempts + 1, due_at_ms = $2, tried_at_ms = $1
        from mine, notify.endpoints h, notify.events e where d.seq = mine.seq and h.id = d.endpoint_id and e.id = d.event_id
        returning d.id, d.endpoint_id, d.event_id, h.url, h.secret_sealed, e.body, d.attempts, d.created_at_ms`,
      [nowMs, leaseUntilMs, limit, perEndpointMax, busy])
    return rows.map((row) => ({
      id: row.id, endpointId: row.endpoint_id, eventId: row.event_id, url: row.url, secretSealed: row.secret_sealed, body: row.body, attempts: row.attempts, createdAtMs: Number(row.created_at_ms),
    }))
  }

  /** Only while the attempt is still the last: whoever lost the lease says nothing. */
  async settle(id: Id<'dlvr'>, attempts: number, { status, answerCode, error, dueAtMs }: Outcome): Promise<void> {
    await this.#pool.query(`update notify.deliveries set status = $3, answer_code = $4, error = $5, due_at_ms = $6 where id = $1 and attempts = $2 and status = 'pending'`, [id, attempts, status, answerCode, error, dueAtMs])
  }

  /** Forgets events older than that which nobody waits for any more, with their deliveries. */
  async forget(beforeMs: number): Promise<void> {
    await this.#pool.query(
      `delete from notify.events where id in (select e.id from notify.events e where e.created_at_ms < $1
        and not exists (select from notify.deliveries d where d.event_id = e.id and d.status = 'pending') limit 1000)`, [beforeMs])
  }
}

function endpointOf({ id, url, kinds, paused, created_at_ms }: EndpointRow): Endpoint {
  return { id, url, kinds, paused, createdAtMs: Number(created_at_ms) }
}

function deliveryOf(row: DeliveryRow): Delivery {
  return {
    id: row.id, eventId: row.event_id, kind: row.kind, status: row.status, attempts: row.attempts, answerCode: row.answer_code, error: row.error,
    createdAtMs: Number(row.created_at_ms), triedAtMs: row.tried_at_ms === null ? null : Number(row.tried_at_ms), dueAtMs: row.status === 'pending' ? Number(row.due_at_ms) : null,
  }
}
