import { type Id, idFloor } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { query } from './query-store.ts'
import type { Earnings, OpenReceivingStream } from './types.ts'

interface Row {
  account_id: Id<'acct'>
  posted: bigint | null
  booked: bigint | null
  passed_on: bigint | null
  arriving: bigint | null
  connection: string | null
  total: bigint | null
  site: string | null
}

export class EarningStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /** One statement: what a stream posts leaves `arriving` and enters `booked` in the same answer. */
  async of(accountIds: readonly Id<'acct'>[], sinceMs: number, streamsMax: number): Promise<Earnings> {
    const rows = await query<Row>(this.#postgres,
      `select a.id as account_id, a.credits_posted - a.debits_posted as posted,
          coalesce((select sum(t.amount) from ledger.transfers t where t.credit_account_id = a.id and t.id >= $2 and t.reason in ('stream', 'share', 'split')), 0)::int8 as booked,
          coalesce((select sum(t.amount) from ledger.transfers t where t.debit_account_id = a.id and t.id >= $2 and t.reason = 'split'), 0)::int8 as passed_on,
          coalesce((select sum(r.total - r.posted) from ledger.receiving_streams r where r.credit_account_id = a.id), 0)::int8 as arriving,
          null as connection, null::int8 as total, null as site
        from ledger.accounts a where a.id = any($1)
      union all (select r.credit_account_id, null, null, null, null, encode(r.connection, 'hex'), r.total, (select d.label->>'site' from ledger.sending_details d where d.connection = r.connection limit 1)
        from ledger.receiving_streams r where r.credit_account_id = any($1) and not r.closed order by r.posted_at_ms desc, r.connection limit $3)`, [accountIds, idFloor('xfer', sinceMs), streamsMax])
    const accounts: [Id<'acct'>, { posted: bigint; booked: bigint; passedOn: bigint; arriving: bigint }][] = []
    const streams: OpenReceivingStream[] = []
    for (const { account_id: accountId, posted, booked, passed_on: passedOn, arriving, connection, total, site } of rows) {
      if (connection !== null && total !== null) streams.push({ connection, accountId, total, site: site ?? undefined })
      else accounts.push([accountId, { posted: posted ?? 0n, booked: booked ?? 0n, passedOn: passedOn ?? 0n, arriving: arriving ?? 0n }])
    }
    return { accounts: new Map(accounts), streams }
  }
}
