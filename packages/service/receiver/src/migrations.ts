import type { Migrations } from '@rivulet/postgres'

/** The schema `receiver`. What was received is in the ledger, by connection. */
export const receiverMigrations: Migrations = {
  schema: 'receiver',
  steps: [
    {
      name: '1-incoming-payments',
      sql: `
        create table receiver.incoming_payment (
          id text primary key,
          wallet_address_id text not null,
          -- Who asked for it: a client's wallet address, or the thumbprint of its key.
          client text not null,
          incoming_amount int8 check (incoming_amount > 0),
          metadata jsonb,
          created_at_ms int8 not null,
          expires_at_ms int8 not null check (expires_at_ms > created_at_ms),
          completed_at_ms int8
        );
        create index incoming_payment_address on receiver.incoming_payment (wallet_address_id, id);
        -- Its connections, in the order in which they were given out. Each has a row in the ledger once something came on it.
        create table receiver.connection (
          id int8 generated always as identity primary key,
          incoming_payment_id text not null references receiver.incoming_payment on delete cascade,
          destination text not null,
          connection bytea not null unique check (octet_length(connection) = 32)
        );
        create index connection_payment on receiver.connection (incoming_payment_id, id);
      `,
    },
    {
      name: '2-payment-events',
      sql: `
        -- Completed by somebody's word, and not yet told: written together with completed_at_ms.
        create table receiver.completion (incoming_payment_id text primary key references receiver.incoming_payment on delete cascade);
        -- How far each chain of the ledger was read; events begin with what comes from now on.
        create table receiver.event_cursor (chain_id text primary key, length int8 not null);
        insert into receiver.event_cursor select id, length from ledger.chains;
        -- Connections of publishers who want to know, from their first posting until a day after their end was told.
        create table receiver.watched_connection (
          connection bytea primary key check (octet_length(connection) = 32),
          account_id text not null,
          closed_at_ms int8
        );
        create index watched_connection_open on receiver.watched_connection (connection) where closed_at_ms is null;
        -- What was told last of a payment.
        create table receiver.told_payment (
          incoming_payment_id text primary key references receiver.incoming_payment on delete cascade,
          received int8 not null,
          completed boolean not null
        );
      `,
    },
    {
      name: '3-sites',
      sql: `
        -- Origins on which the pages of a publisher lie, and what is known of the proof that they are hers.
        create table receiver.site (
          id text primary key,
          person_id text not null,
          origin text not null check (length(origin) <= 300),
          token text not null,
          created_at_ms int8 not null,
          state text not null check (state in ('unproven', 'proven', 'lost')),
          method text check (method in ('dns', 'file')),
          proven_since_ms int8,
          found_at_ms int8,
          lost_at_ms int8,
          misses int4 not null,
          checked_at_ms int8,
          finding_dns text,
          finding_file text,
          next_check_at_ms int8,
          unique (person_id, origin),
          check ((state = 'proven') = (proven_since_ms is not null))
        );
        create index site_due on receiver.site (next_check_at_ms) where next_check_at_ms is not null;
      `,
    },
    {
      name: '4-splits',
      sql: `
        -- How the income of an account is divided, from one change of the weights to the next. Incomes are counted as the ledger counts them, from the opening of the account.
        create table receiver.split (
          id text primary key,
          account_id text not null,
          parts jsonb not null,
          base int8 not null check (base >= 0),
          moved int8 not null check (moved >= base),
          moving_to int8 check (moving_to > moved),
          started_at_ms int8 not null,
          ended_at_ms int8,
          check (ended_at_ms is null or moving_to is null)
        );
        create unique index split_in_force on receiver.split (account_id) where ended_at_ms is null;
        create index split_page on receiver.split (id) where ended_at_ms is null;
      `,
    },
    {
      name: '5-limits',
      sql: `
        -- Something was received, or nobody has looked yet: payments without are forgotten some days after their end.
        alter table receiver.incoming_payment add column received boolean;
        create index incoming_payment_end on receiver.incoming_payment (expires_at_ms) where received is null;
        create index incoming_payment_client on receiver.incoming_payment (wallet_address_id, client, expires_at_ms) where completed_at_ms is null;
        -- What the connection had brought when somebody else asked for one, and since when it stands still.
        alter table receiver.connection add column seen_total int8, add column seen_at_ms int8;
      `,
    },
    {
      name: '6-api-keys',
      sql: `
        -- With which servers of publishers read for them. Only the SHA-256 of a key is known here.
        create table receiver.api_key (
          id text primary key,
          person_id text not null,
          name text not null check (length(name) between 1 and 60),
          start text not null,
          hash bytea not null unique check (octet_length(hash) = 32),
          scopes text[] not null check (cardinality(scopes) > 0),
          created_at_ms int8 not null,
          used_at_ms int8,
          revoked_at_ms int8
        );
        create index api_key_person on receiver.api_key (person_id, id);
      `,
    },
    {
      name: '7-folded-connections',
      sql: `
        -- Connections whose total is final and counted in their payment: what a payment has received is that and what the ledger says of the others, however many there were.
        alter table receiver.incoming_payment add column folded_total int8 not null default 0 check (folded_total >= 0);
        alter table receiver.connection add column folded boolean not null default false;
        create index connection_unfolded on receiver.connection (incoming_payment_id, id) where not folded;
      `,
    },
  ],
}
