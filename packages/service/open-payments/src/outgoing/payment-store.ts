import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import { type Postgres, script, statement } from '@rivulet/postgres'
import { sameAsset } from '../amount.ts'
import type { OutgoingPayment, PaymentState, Spending, SpendingLimits } from './types.ts'

export interface NewPayment {
  readonly payment: OutgoingPayment
  readonly limits: SpendingLimits
}

/** Why a payment was not written; what its grant has spent, with it, when it was. */
export type Admission = { readonly spending: Spending } | 'over-limit' | 'quote-used'

export interface Ending {
  readonly id: Id<'outp'>
  readonly state: 'completed' | 'failed'
  /** Units that were debited, fee included. */
  readonly sent: bigint
  /** Units that arrived, as far as the receiver said. */
  readonly delivered: bigint
  readonly failure: string | undefined
  readonly endedMs: number
}

interface PaymentRow {
  id: Id<'outp'>
  state: PaymentState
  wallet_address_id: Id<'wadr'>
  wallet_address: string
  ledger_account_id: Id<'acct'>
  client: string
  grant_id: Id<'grnt'>
  interval_start_ms: bigint
  quote_id: Id<'quot'> | null
  receiver: string
  debit: bigint
  send: bigint
  asset_code: string
  asset_scale: number
  receive: bigint
  receive_asset_code: string
  receive_asset_scale: number
  deliver: bigint | null
  metadata: string | null
  sent: bigint
  failure: string | null
  created_ms: bigint
}

interface SpendingRow {
  grant_id: Id<'grnt'>
  interval_start_ms: bigint
  debit: bigint
  receive: bigint
  asset_code: string
  asset_scale: number
  receive_asset_code: string
  receive_asset_scale: number
  receive_mixed: boolean
}

const columns = `id, state, wallet_address_id, wallet_address, ledger_account_id, client, grant_id, interval_start_ms, quote_id, receiver, debit, send, asset_code, asset_scale,
  receive, receive_asset_code, receive_asset_scale, deliver, metadata, sent, failure, created_ms`
const spendingColumns = 'grant_id, interval_start_ms, debit, receive, asset_code, asset_scale, receive_asset_code, receive_asset_scale, receive_mixed'
const attemptsMax = 5

export class PaymentStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /**
   * Writes payments and counts them in the spending of their grants, in one transaction of two messages: each is admitted only within its limits, in the order given. Locks quotes, then
   * spending rows, each in the order of their keys. Its commit waits for the disk, although the hold's will too: a server that dies between the two would come back with neither, and be given the hold.
   */
  async insert(all: readonly NewPayment[]): Promise<readonly Admission[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#insert(all)
      } catch (error) {
        if (attempt >= attemptsMax || !isConflict(error)) throw error
      }
    }
  }

  async #insert(all: readonly NewPayment[]): Promise<readonly Admission[]> {
    const client = await this.#postgres.pool.connect()
    try {
      const quoteIds = all.flatMap(({ payment }) => payment.quoteId ?? [])
      const keys = new Map(all.map(({ payment }) => [keyOf(payment.grantId, payment.intervalStartMs), payment]))
      const sorted = [...keys.keys()].toSorted()
      const firsts = sorted.map((key) => keys.get(key)).filter((payment) => payment !== undefined)
      const [, quotes = [], found = []] = await script(client, [
        'begin', statement('select id from open_payments.quote where id = any($1::text[]) and payment_id is null order by id for update', [quoteIds]), spendingsLock(firsts),
      ])
      const unused = new Set(quotes.map((row) => (row as { id: string }).id))
      let rows = found as SpendingRow[]
      if (rows.length < firsts.length) {
        const [, again = []] = await script(client, [spendingsOpened(firsts), spendingsLock(firsts)])
        rows = again as SpendingRow[]
      }
      const spendings = new Map(rows.map((row) => [keyOf(row.grant_id, Number(row.interval_start_ms)), row]))
      const admitted: OutgoingPayment[] = []
      const admissions = all.map(({ payment, limits }): Admission => {
        if (payment.quoteId !== undefined && !unused.delete(payment.quoteId)) return 'quote-used'
        const row = spendings.get(keyOf(payment.grantId, payment.intervalStartMs))
        if (row === undefined || !admit(row, payment, limits)) {
          if (payment.quoteId !== undefined) unused.add(payment.quoteId)
          return 'over-limit'
        }
        admitted.push(payment)
        return { spending: spendingOf(row) }
      })
      await script(client, [...(admitted.length > 0 ? [written([...spendings.values()], admitted)] : []), 'commit'])
      client.release()
      return admissions
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  /** Ends payments, each once, and gives back to the grant what was not spent. Returns those that it ended. */
  async end(all: readonly Ending[]): Promise<ReadonlySet<Id<'outp'>>> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#end(all)
      } catch (error) {
        if (attempt >= attemptsMax || !isConflict(error)) throw error
      }
    }
  }

  async #end(all: readonly Ending[]): Promise<ReadonlySet<Id<'outp'>>> {
    const endings = all.toSorted((one, other) => (one.id < other.id ? -1 : 1))
    const { rows } = await this.#postgres.pool.query<{ id: Id<'outp'> }>({
      name: 'open-payments-end',
      text: `with input as (select * from unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::text[]) as u(id, state, sent, delivered, failure)),
        ended as (
          update open_payments.outgoing_payment p set state = input.state, sent = input.sent, failure = input.failure, ended_ms = $6 from input where p.id = input.id and p.state = 'sending'
          returning p.id, p.grant_id, p.interval_start_ms, p.debit - input.sent as debit_back, case when input.state = 'completed' then 0 else greatest(p.receive - input.delivered, 0) end as receive_back),
        back as (select grant_id, interval_start_ms, sum(debit_back)::int8 as debit_back, sum(receive_back)::int8 as receive_back from ended where debit_back > 0 or receive_back > 0 group by 1, 2),
        returned as (
          update open_payments.grant_spending s set debit = s.debit - back.debit_back, receive = greatest(s.receive - back.receive_back, 0) from back
          where s.grant_id = back.grant_id and s.interval_start_ms = back.interval_start_ms)
        select id from ended`,
      values: [endings.map(({ id }) => id), endings.map(({ state }) => state), endings.map(({ sent }) => sent), endings.map(({ delivered }) => delivered), endings.map(({ failure }) => failure ?? null), endings[0]?.endedMs ?? 0],
    })
    return new Set(rows.map(({ id }) => id))
  }

  /** Takes back payments that were refused after all: nothing is left of them, nor of their spending. */
  async withdraw(ids: readonly Id<'outp'>[]): Promise<void> {
    await this.#postgres.pool.query(
      `with freed as (update open_payments.quote set payment_id = null where payment_id = any($1)),
        gone as (delete from open_payments.outgoing_payment where id = any($1) and state = 'sending' returning grant_id, interval_start_ms, debit, receive),
        back as (select grant_id, interval_start_ms, sum(debit)::int8 as debit, sum(receive)::int8 as receive from gone group by 1, 2)
      update open_payments.grant_spending s set debit = s.debit - back.debit, receive = greatest(s.receive - back.receive, 0) from back where s.grant_id = back.grant_id and s.interval_start_ms = back.interval_start_ms`,
      [ids])
  }

  async get(id: Id<'outp'>): Promise<OutgoingPayment | undefined> {
    const { rows } = await this.#postgres.pool.query<PaymentRow>({ name: 'open-payments-payment', text: `select ${columns} from open_payments.outgoing_payment where id = $1`, values: [id] })
    return rows[0] && paymentOf(rows[0])
  }

  /** Newest first, of one wallet address, and of one client if one is named. */
  async list({ walletAddressId, client, cursor, limit, backwards }: PaymentFilter): Promise<readonly OutgoingPayment[]> {
    const { rows } = await this.#postgres.pool.query<PaymentRow>(
      `select ${columns} from open_payments.outgoing_payment where wallet_address_id = $1 and ($2::text is null or client = $2) and id ${backwards ? '>' : '<'} $3 order by id ${backwards ? 'asc' : 'desc'} limit $4`,
      [walletAddressId, client ?? null, cursor ?? 'outp_~', limit])
    const payments = rows.map(paymentOf)
    return backwards ? payments.toReversed() : payments
  }

  /** Payments that have not ended, made before `createdBeforeMs`, oldest first. */
  async unfinished(createdBeforeMs: number, limit: number): Promise<readonly OutgoingPayment[]> {
    const { rows } = await this.#postgres.pool.query<PaymentRow>(
      `select ${columns} from open_payments.outgoing_payment where state = 'sending' and created_ms < $1 order by created_ms limit $2`, [createdBeforeMs, limit])
    return rows.map(paymentOf)
  }

  async spending(grantId: Id<'grnt'>, intervalStartMs: number): Promise<Spending | undefined> {
    const { rows } = await this.#postgres.pool.query<SpendingRow>(`select ${spendingColumns} from open_payments.grant_spending where grant_id = $1 and interval_start_ms = $2`, [grantId, intervalStartMs])
    return rows[0] && spendingOf(rows[0])
  }
}

export interface PaymentFilter {
  readonly walletAddressId: Id<'wadr'>
  readonly client: string | undefined
  /** Payments behind it in the list, or before it when `backwards`. */
  readonly cursor: Id<'outp'> | undefined
  readonly limit: number
  readonly backwards: boolean
}

/** Counts the payment in, unless a limit forbids it. */
function admit(row: SpendingRow, payment: OutgoingPayment, limits: SpendingLimits): boolean {
  const debit = row.debit + payment.debit
  const receive = row.receive + payment.receive
  const mixed = row.receive_mixed || !sameAsset(receiveAssetOf(row), payment.receiveAsset)
  if (limits.debit !== undefined && (!sameAsset(limits.debit.asset, payment.asset) || debit > limits.debit.value)) return false
  if (limits.receive !== undefined && (mixed || !sameAsset(limits.receive.asset, payment.receiveAsset) || receive > limits.receive.value)) return false
  // What one grant spends stays within our counters.
  if (debit > 2n ** 62n || receive > 2n ** 62n) return false
  row.debit = debit
  row.receive = receive
  row.receive_mixed = mixed
  return true
}

/** In the order of their keys, so that no two batches wait for each other. */
function spendingsLock(firsts: readonly OutgoingPayment[]): string {
  return statement(
    `select ${spendingColumns} from open_payments.grant_spending where (grant_id, interval_start_ms) in (select * from unnest($1::text[], $2::int8[])) order by grant_id, interval_start_ms for update`,
    [firsts.map(({ grantId }) => grantId), firsts.map(({ intervalStartMs }) => intervalStartMs)])
}

function spendingsOpened(firsts: readonly OutgoingPayment[]): string {
  return statement(
    `insert into open_payments.grant_spending (grant_id, interval_start_ms, asset_code, asset_scale, receive_asset_code, receive_asset_scale)
    select * from unnest($1::text[], $2::int8[], $3::text[], $4::int2[], $5::text[], $6::int2[]) on conflict do nothing`,
    [firsts.map(({ grantId }) => grantId), firsts.map(({ intervalStartMs }) => intervalStartMs), firsts.map(({ asset }) => asset.code), firsts.map(({ asset }) => asset.scale),
      firsts.map(({ receiveAsset }) => receiveAsset.code), firsts.map(({ receiveAsset }) => receiveAsset.scale)])
}

function written(rows: readonly SpendingRow[], payments: readonly OutgoingPayment[]): string {
  return statement(
    `with spent as (
        update open_payments.grant_spending s set debit = u.debit, receive = u.receive, receive_mixed = u.receive_mixed
        from unnest($23::text[], $24::int8[], $25::int8[], $26::int8[], $27::bool[]) as u(grant_id, interval_start_ms, debit, receive, receive_mixed) where s.grant_id = u.grant_id and s.interval_start_ms = u.interval_start_ms),
      made as (
        insert into open_payments.outgoing_payment (${columns}) select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int8[], $9::text[], $10::text[], $11::int8[],
          $12::int8[], $13::text[], $14::int2[], $15::int8[], $16::text[], $17::int2[], $18::int8[], $19::text[], $20::int8[], $21::text[], $22::int8[]) returning id, quote_id)
      update open_payments.quote q set payment_id = made.id from made where q.id = made.quote_id`,
    [
      payments.map(({ id }) => id), payments.map(({ state }) => state), payments.map(({ walletAddressId }) => walletAddressId), payments.map(({ walletAddress }) => walletAddress),
      payments.map(({ ledgerAccountId }) => ledgerAccountId), payments.map(({ client: asked }) => asked), payments.map(({ grantId }) => grantId), payments.map(({ intervalStartMs }) => intervalStartMs),
      payments.map(({ quoteId }) => quoteId ?? null), payments.map(({ receiver }) => receiver), payments.map(({ debit }) => debit), payments.map(({ send }) => send), payments.map(({ asset }) => asset.code),
      payments.map(({ asset }) => asset.scale), payments.map(({ receive }) => receive), payments.map(({ receiveAsset }) => receiveAsset.code), payments.map(({ receiveAsset }) => receiveAsset.scale),
      payments.map(({ deliver }) => deliver ?? null), payments.map(({ metadata }) => (metadata === undefined ? null : JSON.stringify(metadata))), payments.map(({ sent }) => sent),
      payments.map(({ failure }) => failure ?? null), payments.map(({ createdMs }) => createdMs),
      rows.map((row) => row.grant_id), rows.map((row) => row.interval_start_ms), rows.map((row) => row.debit), rows.map((row) => row.receive), rows.map((row) => row.receive_mixed),
    ])
}

function keyOf(grantId: string, intervalStartMs: number): string {
  return `${grantId} ${intervalStartMs}`
}

function receiveAssetOf(row: SpendingRow): Asset {
  return { code: row.receive_asset_code, scale: row.receive_asset_scale }
}

function spendingOf(row: SpendingRow): Spending {
  return { debit: row.debit, asset: { code: row.asset_code, scale: row.asset_scale }, receive: row.receive_mixed ? undefined : row.receive, receiveAsset: receiveAssetOf(row) }
}

function paymentOf(row: PaymentRow): OutgoingPayment {
  return {
    id: row.id, state: row.state, walletAddressId: row.wallet_address_id, walletAddress: row.wallet_address, ledgerAccountId: row.ledger_account_id, client: row.client, grantId: row.grant_id,
    intervalStartMs: Number(row.interval_start_ms), quoteId: row.quote_id ?? undefined, receiver: row.receiver, debit: row.debit, send: row.send, asset: { code: row.asset_code, scale: row.asset_scale },
    receive: row.receive, receiveAsset: { code: row.receive_asset_code, scale: row.receive_asset_scale }, deliver: row.deliver ?? undefined, metadata: row.metadata === null ? undefined : (JSON.parse(row.metadata) as Record<string, unknown>), sent: row.sent,
    failure: row.failure ?? undefined, createdMs: Number(row.created_ms),
  }
}

/** Another process was in the way: a deadlock, or a serialization failure. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '40P01' || error.code === '40001')
}
