import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { streamIdOf } from '../outgoing/types.ts'
import type { Tip, TipRefusal } from './tip.ts'

interface TipRow {
  id: Id<'tip'>
  person_id: Id<'pers'>
  key: string
  pointer: string
  amount: bigint
  payment_id: Id<'outp'> | null
  incoming_payment: string | null
  refusal: TipRefusal | null
  created_ms: bigint
}

const columns = 'id, person_id, key, pointer, amount, payment_id, incoming_payment, refusal, created_ms'

export class TipStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /** The tip that has this key: the given one, or one of before. */
  async insert({ id, personId, key, pointer, amount, createdMs }: Tip): Promise<Tip> {
    await this.#postgres.pool.query('insert into open_payments.tip (id, person_id, key, pointer, amount, created_ms) values ($1, $2, $3, $4, $5, $6) on conflict (person_id, key) do nothing', [id, personId, key, pointer, amount, createdMs])
    const { rows } = await this.#postgres.pool.query<TipRow>(`select ${columns} from open_payments.tip where person_id = $1 and key = $2`, [personId, key])
    const [row] = rows
    if (row === undefined) throw new Error('a tip was removed while it was written')
    return tipOf(row)
  }

  async pays(id: Id<'tip'>, paymentId: Id<'outp'>, incomingPayment: string): Promise<void> {
    await this.#postgres.pool.query('update open_payments.tip set payment_id = $2, incoming_payment = $3 where id = $1 and payment_id is null', [id, paymentId, incomingPayment])
  }

  async refuse(id: Id<'tip'>, refusal: TipRefusal): Promise<void> {
    await this.#postgres.pool.query('update open_payments.tip set refusal = $2 where id = $1 and payment_id is null', [id, refusal])
  }

  async get(personId: Id<'pers'>, id: Id<'tip'>): Promise<Tip | undefined> {
    const { rows } = await this.#postgres.pool.query<TipRow>(`select ${columns} from open_payments.tip where id = $1 and person_id = $2`, [id, personId])
    return rows[0] && tipOf(rows[0])
  }

  /** Newest first, without those that were refused. */
  async list(personId: Id<'pers'>, limit: number): Promise<readonly Tip[]> {
    const { rows } = await this.#postgres.pool.query<TipRow>(`select ${columns} from open_payments.tip where person_id = $1 and refusal is null order by id desc limit $2`, [personId, limit])
    return rows.map(tipOf)
  }

  /** Whom those of these streams paid that were tips of hers, by stream. */
  async pointersOf(personId: Id<'pers'>, streams: readonly Id<'strm'>[]): Promise<ReadonlyMap<Id<'strm'>, string>> {
    if (streams.length === 0) return new Map()
    const { rows } = await this.#postgres.pool.query<{ payment_id: Id<'outp'>; pointer: string }>('select payment_id, pointer from open_payments.tip where person_id = $1 and payment_id = any($2)', [personId, streams.map((id) => `outp_${id.slice('strm_'.length)}`)])
    return new Map(rows.map((row) => [streamIdOf(row.payment_id), row.pointer]))
  }
}

function tipOf(row: TipRow): Tip {
  return {
    id: row.id, personId: row.person_id, key: row.key, pointer: row.pointer, amount: row.amount, paymentId: row.payment_id ?? undefined, incomingPayment: row.incoming_payment ?? undefined,
    refusal: row.refusal ?? undefined, createdMs: Number(row.created_ms),
  }
}
