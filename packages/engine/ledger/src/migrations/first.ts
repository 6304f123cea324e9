/**
 * Amounts are int8 units of the account's asset, times are milliseconds since 1970 from the writing process's Clock. Constraints guard what the code
 * computes: the arithmetic itself is in TypeScript. Rows that every packet touches (`sending_streams`, `receiving_streams`) are narrow, half empty pages
 * keep their updates HOT, and no index covers a column that a flush changes.
 */
export const first = `
create table ledger.accounts (
  id text primary key,
  name text not null unique,
  kind text not null check (kind in ('subscriber', 'publisher', 'link', 'psp', 'bank', 'fee', 'loss', 'dust')),
  asset_code text not null,
  asset_scale int2 not null check (asset_scale between 0 and 18),
  debits_may_exceed_credits boolean not null,
  debits_pending int8 not null default 0 check (debits_pending between 0 and 4611686018427387904),
  debits_posted int8 not null default 0 check (debits_posted between 0 and 4611686018427387904),
  credits_pending int8 not null default 0 check (credits_pending between 0 and 4611686018427387904),
  credits_posted int8 not null default 0 check (credits_posted between 0 and 4611686018427387904),
  opened_at_ms int8 not null,
  constraint no_overdraft check (debits_may_exceed_credits or debits_pending <= credits_posted - debits_posted)
) with (fillfactor = 50);

create table ledger.chains (
  id text primary key,
  started_at_ms int8 not null,
  genesis bytea not null check (octet_length(genesis) = 32),
  length int8 not null default 0 check (length >= 0),
  head bytea not null check (octet_length(head) = 32)
) with (fillfactor = 50);

create table ledger.chain_starts (
  chain_id text not null references ledger.chains,
  from_chain_id text not null references ledger.chains,
  from_length int8 not null,
  from_head bytea not null,
  primary key (chain_id, from_chain_id)
);
create index chain_starts_from on ledger.chain_starts (from_chain_id, from_length);

create table ledger.transfers (
  id text primary key,
  key text not null unique check (length(key) between 1 and 200),
  debit_account_id text not null references ledger.accounts,
  credit_account_id text not null references ledger.accounts,
  amount int8 not null check (amount between 1 and 4611686018427387904),
  reason text not null check (reason ~ '^[a-z][a-z0-9.-]{0,39}$'),
  stream text,
  posted_at_ms int8 not null,
  chain_id text not null references ledger.chains,
  chain_length int8 not null check (chain_length > 0),
  hash bytea not null check (octet_length(hash) = 32),
  unique (chain_id, chain_length),
  check (debit_account_id <> credit_account_id)
);
create index transfers_of_debit on ledger.transfers (debit_account_id, id);
create index transfers_of_credit on ledger.transfers (credit_account_id, id);
create index transfers_of_stream on ledger.transfers (stream) where stream is not null;

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'ledger.% is never changed: write a new row that corrects it', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger immutable before update or delete on ledger.transfers for each row execute function ledger.refuse_change();
create trigger immutable_whole before truncate on ledger.transfers for each statement execute function ledger.refuse_change();

create table ledger.flushes (
  id text primary key,
  n int8 not null default 0 check (n >= 0),
  unapplied bytea not null default '',
  started_at_ms int8 not null
) with (fillfactor = 50);

create table ledger.sending_streams (
  total int8 not null default 0,
  posted int8 not null default 0 check (posted >= 0),
  excess int8 not null default 0 check (excess >= 0),
  held int8 not null check (held between 0 and 4611686018427387904),
  posted_at_ms int8 not null,
  send_until_ms int8 not null,
  claimed_until_ms int8 not null default 0,
  owner_epoch int4 not null default 1,
  state text not null default 'open' check (state in ('open', 'in-doubt', 'closed')),
  id text primary key,
  debit_account_id text not null references ledger.accounts,
  credit_account_id text not null references ledger.accounts,
  constraint holds_cover check (posted <= total and total <= held)
) with (fillfactor = 50);
create index sending_streams_live on ledger.sending_streams (id) where state <> 'closed';
create index sending_streams_live_debit on ledger.sending_streams (debit_account_id) where state <> 'closed';
create index sending_streams_live_credit on ledger.sending_streams (credit_account_id) where state <> 'closed';

create table ledger.sending_details (
  id text primary key references ledger.sending_streams,
  loss_account_id text not null references ledger.accounts,
  connection bytea not null check (octet_length(connection) = 32),
  rate int8 not null check (rate >= 0),
  destination text not null check (length(destination) <= 1023),
  encrypted_secret bytea not null check (octet_length(encrypted_secret) <= 1024),
  receiver_is_ours boolean not null,
  owner_id text not null,
  label jsonb not null check (octet_length(label::text) <= 2048),
  sequence_ceiling int8 not null check (sequence_ceiling between 0 and 9007199254740991),
  opened_at_ms int8 not null,
  closed_at_ms int8,
  close_reason text
);
create index sending_details_connection on ledger.sending_details (connection);

create table ledger.receiving_streams (
  total int8 not null check (total >= 0),
  posted int8 not null default 0 check (posted >= 0),
  highest_sequence int8 not null check (highest_sequence between 0 and 9007199254740991),
  seen int8 not null,
  total_max int8 not null,
  posted_at_ms int8 not null,
  closes_at_ms int8 not null,
  closed boolean not null default false,
  connection bytea primary key check (octet_length(connection) = 32),
  debit_account_id text references ledger.accounts,
  credit_account_id text references ledger.accounts,
  constraint within_total check (posted <= total and total <= total_max),
  constraint accounts_known check (total = 0 or (debit_account_id is not null and credit_account_id is not null))
) with (fillfactor = 50);
create index receiving_streams_debit on ledger.receiving_streams (debit_account_id);
create index receiving_streams_credit on ledger.receiving_streams (credit_account_id);

create table ledger.receiving_ended (
  connection bytea primary key,
  total int8 not null check (total >= 0),
  debit_account_id text references ledger.accounts,
  credit_account_id text references ledger.accounts,
  ended_at_ms int8 not null
);
`
