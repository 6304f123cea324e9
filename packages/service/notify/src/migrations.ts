import type { Migrations } from '@rivulet/postgres'

/** The schema `notify`: what is to be told to whom, and how that went. Times are milliseconds since 1970 from the writing process's Clock. */
export const notifyMigrations: Migrations = {
  schema: 'notify',
  steps: [
    {
      name: '1-webhooks',
      sql: `
        create table notify.endpoints (
          id text primary key,
          owner_id text not null,
          url text not null check (length(url) <= 2000),
          secret_sealed bytea not null,
          kinds text[] not null,
          paused boolean not null default false,
          created_at_ms int8 not null
        );
        create index endpoints_owner on notify.endpoints (owner_id);
        -- The body is kept as the bytes that are signed and sent, the same at every attempt.
        create table notify.events (
          id text primary key,
          owner_id text not null,
          kind text not null,
          body text not null,
          created_at_ms int8 not null
        );
        create index events_age on notify.events (created_at_ms);
        create table notify.deliveries (
          seq int8 generated always as identity primary key,
          id text not null unique,
          endpoint_id text not null references notify.endpoints on delete cascade,
          event_id text not null references notify.events on delete cascade,
          -- What is told in order: of one object to one endpoint, a delivery leaves only after the ones before it.
          object text not null,
          status text not null default 'pending' check (status in ('pending', 'delivered', 'dead')),
          attempts int4 not null default 0,
          -- Pending: not to be sent before. A claim moves it on, so that nobody else sends meanwhile.
          due_at_ms int8 not null,
          created_at_ms int8 not null,
          tried_at_ms int8,
          answer_code int4,
          error text
        );
        create index deliveries_due on notify.deliveries (endpoint_id, due_at_ms) where status = 'pending';
        create index deliveries_order on notify.deliveries (endpoint_id, object, seq) where status = 'pending';
        create index deliveries_list on notify.deliveries (endpoint_id, seq);
        create index deliveries_event on notify.deliveries (event_id);
      `,
    },
    {
      name: '2-mail',
      sql: `
        create table notify.mail (
          id text primary key,
          key text not null unique,
          template text not null,
          -- Recipient, subject, text and HTML, sealed under the id; gone once it is sent or given up, but in a sandbox, whose mailbox shows it.
          content_sealed bytea,
          status text not null default 'waiting' check (status in ('waiting', 'sent', 'dead')),
          attempts int4 not null default 0,
          -- Waiting: not to be sent before. A claim moves it on, so that nobody else sends meanwhile.
          due_at_ms int8 not null,
          created_at_ms int8 not null,
          -- When its link is dead, or nobody would read it any more.
          ends_at_ms int8 not null,
          tried_at_ms int8,
          error text,
          check (status <> 'waiting' or content_sealed is not null)
        );
        create index mail_due on notify.mail (due_at_ms) where status = 'waiting';
        create index mail_age on notify.mail (created_at_ms);
      `,
    },
    {
      name: '3-event-keys',
      sql: 'alter table notify.events add key text unique',
    },
  ],
}
