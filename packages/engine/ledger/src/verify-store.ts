import type { Postgres } from '@rivulet/postgres'
import type { PoolClient } from 'pg'
import { unreadable } from './fault.ts'
import { checks } from './verify-checks-store.ts'
import type { VerifyProblem, VerifyReport } from './types.ts'

const problemsPerCheckMax = 10
const maxInt4 = 2_147_483_647

/**
 * Proves the books from one snapshot, so it may run beside processes that write. Each check is one query that yields the rows that are wrong, the first of
 * them first; the counters are compared with the whole history.
 */
export async function verifyBooks(postgres: Postgres): Promise<VerifyReport> {
  const client = await postgres.pool.connect().catch((error: unknown) => {
    throw unreadable(error)
  })
  try {
    await client.query('begin isolation level repeatable read, read only')
    await client.query(`set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local work_mem = '64MB'`)
    const problems: VerifyProblem[] = []
    for (const { name, sql } of checks) {
      const { rows } = await client.query<{ row: string; message: string }>(`${sql} limit ${problemsPerCheckMax}`)
      for (const { row, message } of rows) problems.push({ check: name, row, message })
    }
    const report = { ok: problems.length === 0, problems, ...(await countsOf(client)) }
    await client.query('commit')
    client.release()
    return report
  } catch (error) {
    client.release(true)
    throw unreadable(error)
  }
}

async function countsOf(client: PoolClient): Promise<Omit<VerifyReport, 'ok' | 'problems'>> {
  const { rows: counts } = await client.query<{ accounts: number; transfers: number; open: number; doubt: number; chains: number }>(
    `select (select least(count(*), ${maxInt4})::int4 from ledger.accounts) as accounts, (select least(count(*), ${maxInt4})::int4 from ledger.transfers) as transfers,
    (select count(*)::int4 from ledger.sending_streams where state = 'open') as open, (select count(*)::int4 from ledger.sending_streams where state = 'in-doubt') as doubt,
    (select count(*)::int4 from ledger.chains) as chains`)
  const { rows: doubts } = await client.query<{ id: string }>(`select id from ledger.sending_streams where state = 'in-doubt' order by id limit 100`)
  const { rows: totals } = await client.query<{ code: string; scale: number; debits: string; credits: string }>(
    `select asset_code as code, asset_scale::int4 as scale, sum(debits_posted)::text as debits, sum(credits_posted)::text as credits from ledger.accounts group by 1, 2 order by 1, 2`)
  const count = counts[0]
  return {
    accounts: count?.accounts ?? 0, transfers: count?.transfers ?? 0, streamsOpen: count?.open ?? 0, streamsInDoubt: count?.doubt ?? 0, inDoubt: doubts.map((row) => row.id), chains: count?.chains ?? 0,
    totals: totals.map((row) => ({ assetCode: row.code, assetScale: row.scale, debitsPosted: row.debits, creditsPosted: row.credits })),
  }
}
