import type { Migrations } from '@rivulet/postgres'

/** The schema `wallet`. Times are milliseconds since 1970 of the service's clock. Secrets (codes, tokens) are kept as SHA-256 only; pages' paths never. */
export const walletMigrations: Migrations = {
  schema: 'wallet',
  steps: [
    {
      name: '1-connections-and-usage',
      sql: `
        create table wallet.challenge (
          challenge text primary key,
          site text not null,
          created_ms bigint not null,
          expires_ms bigint not null,
          redeemed_ms bigint
        );
        create index challenge_expiry on wallet.challenge (expires_ms);

        create table wallet.code (
          code_hash bytea primary key check (length(code_hash) = 32),
          challenge text not null references wallet.challenge on delete cascade,
          person_id text not null,
          created_ms bigint not null,
          expires_ms bigint not null,
          used_ms bigint
        );
        create index code_challenge on wallet.code (challenge);

        create table wallet.connection (
          id text primary key,
          person_id text not null,
          site text not null,
          created_ms bigint not null,
          revoked_ms bigint,
          blocked boolean not null default false,
          cap_per_month bigint check (cap_per_month >= 0)
        );
        create unique index connection_live on wallet.connection (person_id, site) where revoked_ms is null;

        create table wallet.agent_token (
          token_hash bytea primary key check (length(token_hash) = 32),
          connection_id text not null references wallet.connection on delete cascade,
          created_ms bigint not null
        );
        create index agent_token_connection on wallet.agent_token (connection_id, created_ms);

        create table wallet.setting (
          person_id text primary key,
          paused boolean not null
        );

        create table wallet.usage (
          person_id text not null,
          site text not null,
          payee text not null,
          day date not null,
          amount bigint not null check (amount >= 0),
          attention_ms bigint not null check (attention_ms >= 0),
          primary key (person_id, day, site, payee)
        );
      `,
    },
    {
      name: '2-scores',
      sql: `
        -- Sum of the scores of her visits, millionths of a point: what sharing by score divides by.
        alter table wallet.usage add column score bigint not null default 0 check (score >= 0);
      `,
    },
    {
      name: '3-pace',
      sql: `
        -- Units a second, and how the budget is spent; null: as the plan says.
        alter table wallet.setting add column rate bigint check (rate > 0);
        alter table wallet.setting add column pacing text check (pacing in ('stream', 'stretch'));
        -- Units a second for this site; null: the usual.
        alter table wallet.connection add column rate bigint check (rate > 0);
      `,
    },
    {
      name: '4-journeys',
      sql: `
        -- When a journey to a connection got where, and the token that it ended with. Forgotten with the challenge.
        alter table wallet.challenge add column opened_ms bigint, add column signed_in_ms bigint, add column consented_ms bigint, add column paid_ms bigint, add column token_hash bytea;
        create unique index challenge_token on wallet.challenge (token_hash) where token_hash is not null;
        -- What stays: how many, by the day (UTC) on which they began. Nobody can be told from it.
        create table wallet.journey_day (
          day date not null,
          step text not null check (step in ('shown', 'popup', 'signed-in', 'consented', 'first-packet')),
          journeys bigint not null check (journeys > 0),
          primary key (day, step)
        );
        create table wallet.journey_time (
          day date not null,
          seconds_max integer not null check (seconds_max > 0),
          journeys bigint not null check (journeys > 0),
          primary key (day, seconds_max)
        );
        create index usage_day on wallet.usage (day);
        `,
      },
      {
      name: '5-switch',
      sql: `
        -- Whether all streams stand still by the operator's decision. No row: nobody ever stopped them.
        create table wallet.stream_switch (
          one boolean primary key default true check (one),
          stopped boolean not null,
          reason text not null check (length(reason) <= 500),
          since_ms bigint not null
        );
      `,
    },
  ],
}
