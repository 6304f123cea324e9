import type { Migrations } from '@rivulet/postgres'

/** The schema `gnap`. Times are milliseconds since 1970 of the service's clock. Tokens, nonces in URLs and interaction references are kept as SHA-256 only. */
export const gnapMigrations: Migrations = {
  schema: 'gnap',
  steps: [
    {
      name: '1-grants-and-tokens',
      sql: `
        create table gnap."grant" (
          id text primary key,
          -- Which of this installation's auth servers gave it: that of the subscribers or that of the publishers.
          server text not null check (server in ('wallet', 'receiver')),
          state text not null check (state in ('asked', 'confirming', 'accepted', 'declined', 'issued', 'ended')),
          interactive boolean not null,
          -- A wallet address, or the thumbprint of the key of a client that shows no more than that (directed identity).
          client text not null,
          client_name text,
          key_id text not null,
          key_x text,
          access jsonb not null,
          subject text,
          person_id text,
          continue_hash bytea not null check (length(continue_hash) = 32),
          poll_after_ms bigint not null,
          interaction_id text unique,
          nonce_hash bytea check (length(nonce_hash) = 32),
          finish_uri text,
          finish_nonce text,
          server_nonce text,
          reference_hash bytea check (length(reference_hash) = 32),
          created_ms bigint not null,
          expires_ms bigint,
          ended_ms bigint
        );
        create index grant_person on gnap."grant" (person_id) where person_id is not null;
        create index grant_expiry on gnap."grant" (expires_ms) where expires_ms is not null;
        create index grant_end on gnap."grant" (ended_ms) where ended_ms is not null;

        create table gnap.token (
          id text primary key,
          grant_id text not null references gnap."grant" on delete cascade,
          token_hash bytea not null unique check (length(token_hash) = 32),
          created_ms bigint not null,
          expires_ms bigint not null,
          ended_ms bigint
        );
        create index token_grant on gnap.token (grant_id);
        create unique index token_live on gnap.token (grant_id) where ended_ms is null;
        create index token_end on gnap.token (ended_ms) where ended_ms is not null;
      `,
    },
  ],
}
