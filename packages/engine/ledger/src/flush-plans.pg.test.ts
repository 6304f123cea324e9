import { expect, test } from 'vitest'
import { creditStatement } from './credit-store.ts'
import { planSettings } from './flush-store.ts'
import { bookingStatement } from './sending-store.ts'
import { testBooks } from './testing.ts'

interface Plan {
  readonly 'Relation Name'?: string
  readonly Alias?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Plans?: readonly Plan[]
}

function scansOf(plan: Plan, relation: string): Pick<Plan, 'Index Name' | 'Index Cond'>[] {
  const own = plan['Relation Name'] === relation && plan['Index Name'] !== undefined ? [{ 'Index Name': plan['Index Name'], 'Index Cond': plan['Index Cond'] ?? '' }] : []
  return [...own, ...(plan.Plans ?? []).flatMap((child) => scansOf(child, relation))]
}

/** Statistics are a snapshot: those of a quiet hour, those of a full one, and none. */
const situations: readonly (readonly [string, readonly string[]])[] = [
  ['before any statistics', []],
  ['after statistics of empty tables that have filled since', [
    'analyze ledger.sending_streams',
    'analyze ledger.receiving_streams',
    `insert into ledger.sending_streams (id, state, held, posted_at_ms, send_until_ms, debit_account_id, credit_account_id)
      select 'strm_' || lpad(n::text, 26, '0'), 'open', 0, 0, 0, a.id, a.id from generate_series(1, 20000) n, (select id from ledger.accounts limit 1) a`,
    `insert into ledger.receiving_streams (connection, total, highest_sequence, seen, total_max, posted_at_ms, closes_at_ms) select sha256(n::text::bytea), 0, 0, 0, 1, 0, 0 from generate_series(1, 20000) n`,
  ]],
  ['after statistics of many open streams', ['vacuum analyze ledger.sending_streams', 'vacuum analyze ledger.receiving_streams']],
  ['after statistics of a history in which every stream is closed', [`update ledger.sending_streams set state = 'closed'`, 'update ledger.receiving_streams set closed = true', 'vacuum analyze ledger.sending_streams', 'vacuum analyze ledger.receiving_streams']],
]

test('a flush finds each of its rows by key, whatever the statistics say', async () => {
  await using books = await testBooks()
  const client = await books.postgres.pool.connect()
  try {
    await client.query(planSettings)
    const scans = async (text: string, relation: string) => {
      const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Plan }] }>(`explain (generic_plan, format json) ${text}`)
      return scansOf(rows[0]?.['QUERY PLAN'][0].Plan ?? {}, relation)
    }
    for (const [situation, statements] of situations) {
      for (const statement of statements) await client.query(statement)
      expect({ situation, booking: await scans(bookingStatement.text, 'sending_streams'), credit: await scans(creditStatement.text, 'receiving_streams') }).toEqual({
        situation,
        booking: [{ 'Index Name': 'sending_streams_pkey', 'Index Cond': '(id = input.id)' }],
        credit: [{ 'Index Name': 'receiving_streams_pkey', 'Index Cond': '(connection = i.connection)' }],
      })
    }
  } finally {
    client.release(true)
  }
})
