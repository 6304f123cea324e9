import type { Migrations } from '@rivulet/postgres'

/**
 * The schema `peering`: with whom we exchange packets, which addresses lie beyond whom, and how much of each peer's limit which process has in hand. What peers owe is not here but in
 * the ledger's `link[..]` accounts. Amounts are units of the link's asset; times are milliseconds since 1970.
 */
export const peeringMigrations: Migrations = {
  schema: 'peering',
  steps: [
    {
      name: '0001-peers',
      sql: `
create table peering.peers (
  id text primary key,
  name text not null check (name ~ '^[a-z][a-z0-9-]{1,39}$'),
  state text not null default 'active' check (state in ('active', 'paused', 'removed')),
  ilp_address text not null check (length(ilp_address) <= 1023),
  asset_code text not null,
  asset_scale int2 not null check (asset_scale between 0 and 18),
  link_kind text not null check (link_kind in ('btp-client', 'btp-server', 'http')),
  url text check (length(url) <= 2048),
  incoming_token_hash bytea check (octet_length(incoming_token_hash) = 32),
  outgoing_token_sealed bytea check (octet_length(outgoing_token_sealed) <= 1024),
  packet_amount_max int8 not null check (packet_amount_max > 0),
  packets_per_second_max int4 not null check (packets_per_second_max > 0),
  packets_burst_max int4 not null check (packets_burst_max > 0),
  outgoing_packets_per_second_max int4 check (outgoing_packets_per_second_max > 0),
  owed_max int8 not null check (owed_max between 0 and 4611686018427387904),
  settlement_threshold int8 check (settlement_threshold > 0),
  link_account_id text not null,
  created_at_ms int8 not null,
  changed_at_ms int8 not null,
  constraint link_is_whole check ((link_kind = 'btp-server') = (url is null) and (url is null) = (outgoing_token_sealed is null) and (link_kind = 'btp-client') = (incoming_token_hash is null))
);
create unique index peers_name on peering.peers (name) where state <> 'removed';
create unique index peers_token on peering.peers (incoming_token_hash) where state <> 'removed';

create table peering.routes (
  prefix text primary key check (length(prefix) <= 1023),
  peer_id text not null references peering.peers
);
create index routes_peer on peering.routes (peer_id);

create table peering.leases (
  peer_id text not null references peering.peers,
  process_id text not null,
  units int8 not null check (units >= 0),
  expires_at_ms int8 not null,
  primary key (peer_id, process_id)
) with (fillfactor = 50);
`,
    },
  ],
}
