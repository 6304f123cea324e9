import { createHash } from 'node:crypto'
import { type Id, idFloor } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type AccountRow, accountColumns, accountOf } from './account-store.ts'
import { refusal } from './fault.ts'
import { query } from './query-store.ts'
import { sendingColumns, sendingOf, type SendingRow } from './sending-store.ts'
import { type TransferRow, transferColumns, transferOf } from './transfer-store.ts'
import type { Account, AccountKind, BalanceAt, ChainedTransfer, Flow, KeptStream, SendingStream, Transfer } from './types.ts'

interface ChainedRow extends TransferRow {
  chain_id: string
  chain_length: bigint
  hash: Buffer
  previous: Buffer | null
  content: string
}

/** What is hashed of a transfer, as docs/ledger.md says. */
const content = `concat_ws(E'\\n', t.chain_length, t.id, t.debit_account_id, t.credit_account_id, t.amount, t.reason, coalesce(t.stream, ''), t.posted_at_ms, t.key)`
/** A balance at a time walks back over so many transfers at most. */
const walkedMax = 200_000
/** Streams that have ended are searched among the newest so many. */
const streamsSearchedMax = 20_000
/** Transfers of one entry stand side by side in their chain. */
const neighboursMax = 20

/** The books as a person reads them: accounts by name, a transfer with its place in its chain, a balance as it was. Every answer is bounded, none sums a whole history. */
export class ExplorerStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /** In the order of their names; `after` is the last name of the page before. `text` is a part of the name, in any case, or a whole id. */
  async accounts({ text, kind, after, limit }: { readonly text: string; readonly kind: AccountKind | undefined; readonly after: string; readonly limit: number }): Promise<readonly Account[]> {
    const rows = await query<AccountRow>(this.#postgres,
      `select ${accountColumns} from ledger.accounts where name > $1 and (strpos(lower(name), lower($2)) > 0 or id = $2) and ($3::text is null or kind = $3) order by name limit $4`, [after, text, kind ?? null, limit])
    return rows.map(accountOf)
  }

  async transfer(id: Id<'xfer'>): Promise<ChainedTransfer | undefined> {
    const rows = await query<ChainedRow>(this.#postgres,
      `select ${transferColumns.split(', ').map((column) => `t.${column}`).join(', ')}, t.chain_id, t.chain_length, t.hash, ${content} as content,
        case when t.chain_length = 1 then c.genesis else (select p.hash from ledger.transfers p where p.chain_id = t.chain_id and p.chain_length = t.chain_length - 1) end as previous
        from ledger.transfers t join ledger.chains c on c.id = t.chain_id where t.id = $1`, [id])
    const row = rows[0]
    if (row === undefined) return undefined
    const recomputed = createHash('sha256').update(row.previous ?? Buffer.alloc(0)).update(row.content).digest('hex')
    return { ...transferOf(row), chainId: row.chain_id, chainLength: row.chain_length, hash: row.hash.toString('hex'), previousHash: row.previous?.toString('hex'), content: row.content, recomputedHash: recomputed, sameEntry: await this.#sameEntry(row) }
  }

  /** Of a sending stream (`strm_`) or a connection (hex), newest first. */
  async transfersOfStream(stream: string, limit: number): Promise<readonly Transfer[]> {
    // Found first: in the order of their ids PostgreSQL might look through all transfers for the few of one stream.
    return (await query<TransferRow>(this.#postgres,
      `with found as materialized (select ${transferColumns} from ledger.transfers where stream = $1) select * from found order by id desc limit $2`, [stream, limit])).map(transferOf)
  }

  /** The newest first; `before` is the last id of the page before. `text` is a part of payer, payee or site, in any case, or a whole id. Of those that are closed only the newest are searched. */
  async streams({ text, states, before, limit }: { readonly text: string; readonly states: readonly SendingStream['state'][]; readonly before: Id<'strm'> | undefined; readonly limit: number }): Promise<readonly SendingStream[]> {
    const rows = await query<SendingRow>(this.#postgres,
      `select ${sendingColumns} from (select * from ledger.sending_streams where id < $1 ${states.includes('closed') ? '' : `and state <> 'closed'`} order by id desc limit $2) s
        join ledger.sending_details d using (id) where s.state = any($3) and (s.id = $4 or strpos(lower(concat_ws(' ', d.label->>'payer', d.label->>'payee', d.label->>'site')), lower($4)) > 0) order by s.id desc limit $5`,
      [before ?? 'strm_~', streamsSearchedMax, states, text, limit])
    return rows.map(sendingOf)
  }

  /** A stream with what its row alone does not say: when it was posted and ended, and what the receiving role of these books knows of its connection. */
  async stream(id: Id<'strm'>): Promise<KeptStream | undefined> {
    const rows = await query<SendingRow & { closed_at_ms: bigint | null; asset_code: string; asset_scale: number; received: bigint | null; highest_sequence: bigint | null }>(this.#postgres,
      `select ${sendingColumns}, d.closed_at_ms, a.asset_code, a.asset_scale, coalesce(r.total, e.total) as received, r.highest_sequence from ledger.sending_streams s join ledger.sending_details d using (id) join ledger.accounts a on a.id = s.debit_account_id
        left join ledger.receiving_streams r on r.connection = d.connection left join ledger.receiving_ended e on e.connection = d.connection where s.id = $1`, [id])
    const row = rows[0]
    if (row === undefined) return undefined
    return {
      ...sendingOf(row), asset: { code: row.asset_code, scale: row.asset_scale }, postedAtMs: Number(row.posted_at_ms), closedAtMs: row.closed_at_ms === null ? undefined : Number(row.closed_at_ms),
      received: row.received ?? undefined, packetsSeen: row.highest_sequence === null ? undefined : Number(row.highest_sequence),
    }
  }

  /** The sending stream over a connection, as hex. */
  async streamOfConnection(connection: string): Promise<Id<'strm'> | undefined> {
    return (await query<{ id: Id<'strm'> }>(this.#postgres, 'select id from ledger.sending_details where connection = $1', [Buffer.from(connection, 'hex')]))[0]?.id
  }

  /** What was posted before `atMs`, ms since 1970: today's counters less what was posted since. Throws `account-unknown`, `history-too-long`. */
  async balanceAt(accountId: Id<'acct'>, atMs: number): Promise<BalanceAt> {
    const rows = await query<{ debits: bigint; credits: bigint; debits_since: bigint; credits_since: bigint; walked: bigint }>(this.#postgres,
      `with since as materialized (
          (select amount, 0::int8 as credit from ledger.transfers where debit_account_id = $1 and id >= $2 limit $3)
          union all (select 0, amount from ledger.transfers where credit_account_id = $1 and id >= $2 limit $3))
        select a.debits_posted as debits, a.credits_posted as credits, coalesce(s.debits, 0)::int8 as debits_since, coalesce(s.credits, 0)::int8 as credits_since, s.walked
        from ledger.accounts a, (select sum(amount) as debits, sum(credit) as credits, count(*) as walked from since) s where a.id = $1`, [accountId, idFloor('xfer', atMs), walkedMax + 1])
    const row = rows[0]
    if (row === undefined) throw refusal('account-unknown', `there is no account ${accountId}`)
    if (row.walked > BigInt(walkedMax)) throw refusal('history-too-long', `more than ${walkedMax} transfers were posted since then: choose a later time`)
    return { debitsPosted: row.debits - row.debits_since, creditsPosted: row.credits - row.credits_since }
  }

  /** What was posted since, ms since 1970, and how many subscribers' streams had their first posting, whose key says that it is all of the total so far. What a payout of ours brings to an account of ours comes from a bank, as the payout does, and not from a link. Reads all of that time: for the background. */
  async flowsSince(fromMs: number): Promise<{ readonly flows: readonly Flow[]; readonly payments: number }> {
    const rows = await query<{ reason: string; debit_kind: AccountKind; credit_kind: AccountKind; asset_code: string; asset_scale: number; amount: bigint; first: bigint }>(this.#postgres,
      `with paid_out as materialized (
          select distinct encode(s.connection, 'hex') as stream from ledger.accounts a join ledger.transfers t on t.debit_account_id = a.id join ledger.sending_details s on s.id = t.stream
          where a.kind = 'bank' and t.reason = 'stream' and t.id >= $1)
        select t.reason, case when p.stream is null then d.kind else 'bank' end as debit_kind, c.kind as credit_kind, d.asset_code, d.asset_scale, sum(t.amount)::int8 as amount, count(*) filter (where t.reason = 'stream' and d.kind = 'subscriber' and t.key = t.stream || '/' || t.amount) as first
        from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id left join paid_out p on p.stream = t.stream where t.id >= $1 group by 1, 2, 3, 4, 5`, [idFloor('xfer', fromMs)])
    return {
      flows: rows.map((row) => ({ reason: row.reason, debitKind: row.debit_kind, creditKind: row.credit_kind, asset: { code: row.asset_code, scale: row.asset_scale }, amount: row.amount })),
      payments: rows.reduce((sum, { first }) => sum + Number(first), 0),
    }
  }

  /** What was written beside it and is of the same thing: the same stream, or a key about the same, as `fund:subs_x/1` and `fee:subs_x/1`. */
  async #sameEntry({ id, chain_id: chainId, chain_length: length, key, stream }: ChainedRow): Promise<readonly Transfer[]> {
    const subject = key.replace(/^[a-z-]+:/, '').replace(/\/[^/]*$/, '')
    const rows = await query<TransferRow>(this.#postgres,
      `select ${transferColumns} from ledger.transfers where chain_id = $1 and chain_length between $2::int8 - 5 and $2::int8 + 5 and id <> $3
        and (stream = $4 or strpos(key, $5) > 0) order by chain_length limit $6`, [chainId, length, id, stream, subject, neighboursMax])
    return rows.map(transferOf)
  }
}
