/**
 * Peers that count in another asset than an account. A stream row then names the near side of an exchange in place of the peer's link account, and counts in
 * `link_total` what passed the link; `exchanges` says where that is posted. No index covers the new columns, so that updates stay HOT.
 */
export const second = `
alter table ledger.accounts drop constraint accounts_kind_check;
alter table ledger.accounts add constraint accounts_kind_check check (kind in ('subscriber', 'publisher', 'link', 'exchange', 'psp', 'bank', 'fee', 'loss', 'dust'));

create table ledger.exchanges (
  account_id text primary key references ledger.accounts,
  far_account_id text not null references ledger.accounts,
  link_account_id text not null references ledger.accounts,
  check (account_id <> far_account_id and far_account_id <> link_account_id and account_id <> link_account_id)
);
create index exchanges_far on ledger.exchanges (far_account_id);
create index exchanges_link on ledger.exchanges (link_account_id);

alter table ledger.sending_streams add link_total int8 not null default 0, add link_posted int8 not null default 0,
  add constraint link_covers check (0 <= link_posted and link_posted <= link_total and link_total <= 4611686018427387904);
alter table ledger.receiving_streams add link_total int8 not null default 0, add link_posted int8 not null default 0,
  add constraint link_covers check (0 <= link_posted and link_posted <= link_total and link_total <= 4611686018427387904);
alter table ledger.receiving_ended add link_total int8 not null default 0;
`
