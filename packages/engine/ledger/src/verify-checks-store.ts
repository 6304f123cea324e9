/** One thing that must be true of the books: a query for the rows of which it is not, each named with what was expected. */
export interface Check {
  readonly name: string
  readonly sql: string
}

/** What each open stream has moved without posting it, by account, and what it holds. */
const holds = `select debit_account_id as account, held - posted as debit, 0 as credit from ledger.sending_streams where state <> 'closed'
  union all select credit_account_id, 0, held - posted from ledger.sending_streams where state <> 'closed'`

/** Totals of connections on the receiving side, running and ended. */
const received = `select connection, total, debit_account_id, credit_account_id from ledger.receiving_streams
  union all select connection, total, debit_account_id, credit_account_id from ledger.receiving_ended`

/** What passed links, of each row on either side, and the account that may be an exchange's. */
const linked = `select id as row, total + excess as paid, link_total as total, link_posted as posted, credit_account_id as account, state = 'closed' as ended from ledger.sending_streams
  union all select encode(connection, 'hex'), total, link_total, link_posted, debit_account_id, false from ledger.receiving_streams
  union all select encode(connection, 'hex'), total, link_total, link_total, debit_account_id, true from ledger.receiving_ended`

/** Streams of ours to ourselves in one asset: both ends stand in these books. */
const pairs = `select s.id, s.state, s.total + s.excess as paid, s.held + s.excess as most, coalesce(r.total, 0) as received
  from ledger.sending_streams s join ledger.sending_details d using (id) join ledger.accounts a on a.id = s.debit_account_id
  left join (${received}) r on r.connection = d.connection left join ledger.accounts c on c.id = r.credit_account_id
  where d.receiver_is_ours and (r.credit_account_id is null or (c.asset_code = a.asset_code and c.asset_scale = a.asset_scale))`

/** What passed a link account so far, posted or not: the wallet's side is credited, the receiver's debited. */
const linkSides = `select a.id, a.name, a.asset_code, a.asset_scale, substring(a.name from '^link\\[([^\\]]+)\\]@') as peer, substring(a.name from '^link\\[[^\\]]+\\]@(.+)$') as role,
    a.credits_posted + coalesce((select sum(s.total - s.posted) from ledger.sending_streams s where s.credit_account_id = a.id and s.state <> 'closed'), 0)
      + coalesce((select sum(s.link_total - s.link_posted) from ledger.exchanges e join ledger.sending_streams s on s.credit_account_id = e.account_id and s.state <> 'closed' where e.link_account_id = a.id), 0) as credited,
    a.debits_posted + coalesce((select sum(r.total - r.posted) from ledger.receiving_streams r where r.debit_account_id = a.id), 0)
      + coalesce((select sum(r.link_total - r.link_posted) from ledger.exchanges e join ledger.receiving_streams r on r.debit_account_id = e.account_id where e.link_account_id = a.id), 0) as debited,
    exists (select from ledger.sending_streams s where s.state <> 'closed' and (s.credit_account_id = a.id or s.credit_account_id in (select account_id from ledger.exchanges e where e.link_account_id = a.id))) as busy
  from ledger.accounts a where a.kind = 'link'`

const canonicalSql = `convert_to(concat_ws(E'\\n', t.chain_length, t.id, t.debit_account_id, t.credit_account_id, t.amount, t.reason, coalesce(t.stream, ''), t.posted_at_ms, t.key), 'UTF8')`

export const checks: readonly Check[] = [
  {
    name: 'debits-equal-credits',
    sql: `select asset_code || '/' || asset_scale as row, format('posted debits %s, credits %s; pending debits %s, credits %s', sum(debits_posted), sum(credits_posted), sum(debits_pending), sum(credits_pending)) as message
      from ledger.accounts group by asset_code, asset_scale having sum(debits_posted) <> sum(credits_posted) or sum(debits_pending) <> sum(credits_pending) order by 1`,
  },
  {
    name: 'counters-equal-history',
    sql: `select a.id || ' ' || a.name as row, format('counters say debits %s, credits %s; the transfers say %s and %s', a.debits_posted, a.credits_posted, coalesce(d.sum, 0), coalesce(c.sum, 0)) as message
      from ledger.accounts a left join (select debit_account_id as id, sum(amount) from ledger.transfers group by 1) d on d.id = a.id
      left join (select credit_account_id as id, sum(amount) from ledger.transfers group by 1) c on c.id = a.id
      where a.debits_posted <> coalesce(d.sum, 0) or a.credits_posted <> coalesce(c.sum, 0) order by a.id`,
  },
  {
    name: 'counters-equal-holds',
    sql: `select a.id || ' ' || a.name as row, format('counters say pending debits %s, credits %s; the open streams say %s and %s', a.debits_pending, a.credits_pending, coalesce(h.debit, 0), coalesce(h.credit, 0)) as message
      from ledger.accounts a left join (select account, sum(debit) as debit, sum(credit) as credit from (${holds}) all_holds group by 1) h on h.account = a.id
      where a.debits_pending <> coalesce(h.debit, 0) or a.credits_pending <> coalesce(h.credit, 0) order by a.id`,
  },
  {
    name: 'no-overdraft',
    sql: `select id || ' ' || name as row, format('debits %s, of which pending %s, exceed credits %s', debits_posted + debits_pending, debits_pending, credits_posted) as message
      from ledger.accounts where (not debits_may_exceed_credits and debits_pending + debits_posted > credits_posted) or least(debits_pending, debits_posted, credits_pending, credits_posted) < 0 order by id`,
  },
  {
    name: 'transfers-are-sound',
    sql: `select t.id as row, format('moves %s from %s to %s: both must exist and share one asset', t.amount, t.debit_account_id, t.credit_account_id) as message
      from ledger.transfers t left join ledger.accounts d on d.id = t.debit_account_id left join ledger.accounts c on c.id = t.credit_account_id
      where t.amount < 1 or d.id is null or c.id is null or (d.asset_code, d.asset_scale) is distinct from (c.asset_code, c.asset_scale) order by t.id`,
  },
  {
    name: 'holds-cover-totals',
    sql: `select id as row, format('%s: held %s, total %s, posted %s', state, held, total, posted) as message
      from ledger.sending_streams where posted > total or total > held or posted < 0 or (state = 'closed' and posted <> total) order by id`,
  },
  {
    name: 'streams-equal-postings',
    sql: `select s.id as row, format('posted %s and lost %s; its transfers say %s and %s', s.posted, s.excess, coalesce(t.posted, 0), coalesce(t.excess, 0)) as message
      from ledger.sending_streams s left join (
        select stream, sum(amount) filter (where reason = 'stream') as posted, sum(amount) filter (where reason = 'stream-excess') as excess from ledger.transfers where stream is not null group by 1) t on t.stream = s.id
      where s.posted <> coalesce(t.posted, 0) or s.excess <> coalesce(t.excess, 0) order by s.id`,
  },
  {
    name: 'connections-equal-postings',
    sql: `select encode(r.connection, 'hex') as row, format('posted %s of %s; its transfers say %s', r.posted, r.total, coalesce(t.posted, 0)) as message
      from (select connection, total, posted, total_max from ledger.receiving_streams union all select connection, total, total, total from ledger.receiving_ended) r
      left join (select stream, sum(amount) as posted from ledger.transfers where stream is not null and reason = 'stream' group by 1) t on t.stream = encode(r.connection, 'hex')
      where r.posted <> coalesce(t.posted, 0) or r.posted > r.total or r.total > r.total_max order by 1`,
  },
  {
    name: 'links-equal-postings',
    sql: `select l.row, format('%s of %s units of the link posted, its transfers say %s', l.posted, l.total, coalesce(t.posted, 0)) as message
      from (${linked}) l left join (select stream, sum(amount) as posted from ledger.transfers where reason = 'stream-link' group by 1) t on t.stream = l.row
      where l.posted <> coalesce(t.posted, 0) or l.posted > l.total or (l.ended and l.posted <> l.total) order by 1`,
  },
  {
    name: 'exchanges-have-two-sides',
    sql: `select l.row, format('%s units of the account, %s of the link, where %s exchanged', l.paid, l.total, case when e.account_id is null then 'nothing is' else 'both are' end) as message
      from (${linked}) l left join ledger.exchanges e on e.account_id = l.account
      where case when e.account_id is null then l.total <> 0 else (l.total = 0) <> (l.paid = 0) end
      union all
      select e.account_id, 'its far side and its link must share an asset that differs from its own' from ledger.exchanges e
      join ledger.accounts a on a.id = e.account_id join ledger.accounts f on f.id = e.far_account_id join ledger.accounts l on l.id = e.link_account_id
      where (a.asset_code, a.asset_scale) = (l.asset_code, l.asset_scale) or (f.asset_code, f.asset_scale) <> (l.asset_code, l.asset_scale) order by 1`,
  },
  {
    name: 'streams-have-details',
    sql: `select coalesce(s.id, d.id) as row, 'a sending stream and its details belong together' as message
      from ledger.sending_streams s full join ledger.sending_details d using (id) where s.id is null or d.id is null order by 1`,
  },
  {
    name: 'wallet-equals-receiver',
    sql: `select p.id as row, format('%s: the wallet booked %s, at most %s was held, the receiver was credited %s', p.state, p.paid, p.most, p.received) as message
      from (${pairs}) p where p.paid > p.received or p.received > p.most or (p.state = 'closed' and p.paid <> p.received) order by p.id`,
  },
  {
    name: 'links-mirror',
    sql: `select w.id || ' ' || w.name as row, format('%s was credited %s, its mirror %s was debited %s', w.name, w.credited, coalesce(r.name, 'does not exist and'), coalesce(r.debited, 0)) as message
      from (${linkSides}) w join (${linkSides}) r on r.peer = w.role and r.role = w.peer and (r.asset_code, r.asset_scale) = (w.asset_code, w.asset_scale)
      where w.credited > r.debited or (not w.busy and w.credited <> r.debited) order by w.id`,
  },
  {
    name: 'chains-start-from-heads',
    sql: `select c.id as row, 'its first hash is not that of the heads it started from' as message
      from ledger.chains c left join lateral (
        select string_agg(convert_to(s.from_chain_id || E'\\n' || s.from_length || E'\\n', 'UTF8') || s.from_head, ''::bytea order by s.from_chain_id) as content from ledger.chain_starts s where s.chain_id = c.id) s on true
      where c.genesis <> sha256(sha256('rivulet ledger'::bytea) || coalesce(s.content, ''::bytea))
      union all
      select s.from_chain_id, format('chain %s started from its head at length %s, which now is another or gone', s.chain_id, s.from_length)
      from ledger.chain_starts s join ledger.chains c on c.id = s.from_chain_id left join ledger.transfers t on t.chain_id = s.from_chain_id and t.chain_length = s.from_length
      where s.from_head is distinct from case when s.from_length = 0 then c.genesis else t.hash end order by 1`,
  },
  {
    name: 'chains-intact',
    sql: `select t.id as row, format('transfer %s of chain %s is not what was chained, or the one before it is missing', t.chain_length, t.chain_id) as message
      from (select transfers.*, lag(hash) over chain as previous, row_number() over chain as place from ledger.transfers window chain as (partition by chain_id order by chain_length)) t
      join ledger.chains c on c.id = t.chain_id
      where t.place <> t.chain_length or t.hash <> sha256(coalesce(t.previous, c.genesis) || ${canonicalSql}) order by t.chain_id, t.chain_length`,
  },
  {
    name: 'chains-end-at-heads',
    sql: `select c.id as row, format('its head is at %s, its last transfer at %s', c.length, coalesce(t.chain_length, 0)) as message
      from ledger.chains c left join lateral (select chain_length, hash from ledger.transfers where chain_id = c.id order by chain_length desc limit 1) t on true
      where c.length <> coalesce(t.chain_length, 0) or c.head <> coalesce(t.hash, c.genesis) order by c.id`,
  },
]
