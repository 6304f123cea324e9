/**
 * A history for `bench ledger`: transfers of streams that ended long ago, as the ledger itself would have left them, so that `verify` holds on them: counters, rows of both
 * sides, keys and hash chains. PostgreSQL makes them, chain by chain, on as many connections as there are cores; foreign keys are not looked up for each row.
 */
import { availableParallelism } from 'node:os'
import type { Account } from '@rivulet/ledger'
import { Postgres } from '@rivulet/postgres'

export interface HistoryParties {
  readonly payer: Account
  readonly link: Account
  readonly payees: readonly Account[]
}

/** Of one stream, on each side: one every five minutes for an hour and forty minutes. */
const postingsPerStream = 20
const transfersPerStream = 2 * postingsPerStream
const streamsPerChain = 2_500
export const transfersPerChain = streamsPerChain * transfersPerStream
/** Units of one posting. */
const postingAmount = 1_000_000
const postingEveryMs = 300_000

/** What a chain of this history says follows from its number alone. $1 chain, $2 when it began (ms), $3 payer, $4 link, $5 payees */
const fillChain = `
with genesis as (select sha256(sha256('rivulet ledger'::bytea)) as hash),
made as materialized (
  select place, (place - 1) % ${transfersPerStream} / ${postingsPerStream} as side, (place - 1) % ${postingsPerStream} + 1 as posting, $1::int8 * ${streamsPerChain} + (place - 1) / ${transfersPerStream} as stream
  from generate_series(1, ${transfersPerChain}) as place),
named as (
  select place, side, stream, 'xfer_' || lpad(($1::int8 * ${transfersPerChain} + place)::text, 26, '0') as id, 'strm_' || lpad(stream::text, 26, '0') as sending, posting * ${postingAmount} as total,
    case side when 0 then $3 else $4 end as debit, case side when 0 then $4 else ($5::text[])[1 + stream % array_length($5::text[], 1)] end as credit, $2::int8 + place as posted_at_ms
  from made),
called as (select *, case side when 0 then sending else encode(sha256(convert_to(sending, 'UTF8')), 'hex') end as stream_name from named),
keyed as (select *, concat(case side when 1 then (posted_at_ms - ${postingEveryMs}) || '/' end, stream_name, '/', total) as key from called),
chained as (
  select keyed.*, bench.chain(convert_to(concat_ws(E'\\n', place, id, debit, credit, ${postingAmount}, 'stream', stream_name, posted_at_ms, key), 'UTF8'), genesis.hash) over (order by place) as hash
  from keyed, genesis),
chain as (
  insert into ledger.chains (id, started_at_ms, genesis, length, head)
  select bench.chain_id($1::int8), $2, genesis.hash, ${transfersPerChain}, (select hash from chained order by place desc limit 1) from genesis),
sending as (
  insert into ledger.sending_streams (id, state, total, posted, held, posted_at_ms, send_until_ms, debit_account_id, credit_account_id)
  select sending, 'closed', ${postingsPerStream * postingAmount}, ${postingsPerStream * postingAmount}, ${postingsPerStream * postingAmount}, posted_at_ms, posted_at_ms, $3, $4 from keyed where total = ${postingsPerStream * postingAmount} and side = 0),
details as (
  insert into ledger.sending_details (id, loss_account_id, connection, rate, destination, encrypted_secret, receiver_is_ours, owner_id, label, sequence_ceiling, opened_at_ms, closed_at_ms, close_reason)
  select sending, $3, sha256(convert_to(sending, 'UTF8')), 3, 'test.bench', '\\x00', true, 'ownr_history', '{"payer":"bench","payee":"bench"}', 1000, posted_at_ms - ${postingsPerStream * postingEveryMs}, posted_at_ms, 'hidden'
  from keyed where total = ${postingsPerStream * postingAmount} and side = 0),
ended as (
  insert into ledger.receiving_ended (connection, total, debit_account_id, credit_account_id, ended_at_ms)
  select sha256(convert_to(sending, 'UTF8')), ${postingsPerStream * postingAmount}, debit, credit, posted_at_ms from keyed where total = ${postingsPerStream * postingAmount} and side = 1)
insert into ledger.transfers (id, key, debit_account_id, credit_account_id, amount, reason, stream, posted_at_ms, chain_id, chain_length, hash)
select id, key, debit, credit, ${postingAmount}, 'stream', stream_name, posted_at_ms, bench.chain_id($1::int8), place, hash from chained order by place`

/** Chains are called by an id of the time, so that the newest stands last, and a running SHA-256 is their hash: as the ledger's own. */
const chainFunctions = `
create schema bench;
create function bench.chain_id(number int8) returns text language sql immutable as $$ select 'chain_' || lpad(number::text, 26, '0') $$;
create function bench.chain_step(state bytea, content bytea, genesis bytea) returns bytea language sql immutable as $$ select sha256(coalesce(state, genesis) || content) $$;
create aggregate bench.chain(bytea, bytea) (sfunc = bench.chain_step, stype = bytea)`

/** Adds `chains` chains of history. The payer must have what they move: `historyCost`. */
export async function fillHistory(url: string, { payer, link, payees }: HistoryParties, chains: number): Promise<void> {
  const connections = Math.min(chains, availableParallelism())
  await using postgres = Postgres.connect({ url, connectionsMax: connections, applicationName: 'bench history' })
  await postgres.pool.query(chainFunctions)
  const beganMs = Date.now() - 365 * 86_400_000
  let next = 0
  await Promise.all(Array.from({ length: connections }, async () => {
    const client = await postgres.pool.connect()
    try {
      await client.query('set session_replication_role = replica; set synchronous_commit = off')
      for (let chain = next++; chain < chains; chain = next++) {
        await client.query(fillChain, [chain, beganMs + chain * transfersPerChain, payer.id, link.id, payees.map(({ id }) => id)])
      }
    } finally {
      client.release(true)
    }
  }))
  await postgres.pool.query(`update ledger.accounts a set debits_posted = debits_posted + h.debits, credits_posted = credits_posted + h.credits
    from (select account, sum(debits) as debits, sum(credits) as credits from (
      select debit_account_id as account, amount as debits, 0 as credits from ledger.transfers where chain_id <= bench.chain_id($1::int8)
      union all select credit_account_id, 0, amount from ledger.transfers where chain_id <= bench.chain_id($1::int8)) sides group by 1) h where a.id = h.account`, [chains])
}

/** Units that the payer pays in `chains` chains. */
export function historyCost(chains: number): bigint {
  return BigInt(chains * streamsPerChain * postingsPerStream) * BigInt(postingAmount)
}
