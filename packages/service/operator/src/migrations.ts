import type { Migrations } from '@rivulet/postgres'

/** The schema `operator`: what each process says about itself, once a second. Times are milliseconds since 1970 of the writing process. */
export const operatorMigrations: Migrations = {
  schema: 'operator',
  steps: [
    {
      name: '0001-role-reports',
      sql: `
create table operator.role_reports (
  process_id text primary key,
  role text not null check (length(role) <= 40),
  version text not null check (length(version) <= 100),
  started_at_ms int8 not null,
  reported_at_ms int8 not null,
  packets int8 not null,
  rejects jsonb not null check (octet_length(rejects::text) <= 16384),
  metrics jsonb not null check (octet_length(metrics::text) <= 65536)
) with (fillfactor = 50);
`,
    },
    {
      name: '0002-corrections',
      sql: `
-- Transfers that correct the books: one operator proposes, another approves.
create table operator.corrections (
  id text primary key,
  debit_account_id text not null,
  credit_account_id text not null check (credit_account_id <> debit_account_id),
  amount int8 not null check (amount > 0),
  reason text not null check (length(reason) <= 500),
  proposed_by text not null,
  proposed_ms int8 not null,
  status text not null check (status in ('proposed', 'approved', 'posted', 'declined', 'failed')),
  decided_by text,
  transfer_id text,
  note text check (length(note) <= 500),
  -- Four eyes, whatever the code does.
  check (status not in ('approved', 'posted') or decided_by <> proposed_by),
  check ((status = 'posted') = (transfer_id is not null))
);
create index corrections_approved on operator.corrections (id) where status = 'approved';
`,
    },
    {
      name: '0003-jobs',
      sql: `
-- The last turn of each thing that the process does by itself.
alter table operator.role_reports add column jobs jsonb not null default '[]' check (octet_length(jobs::text) <= 16384);
`,
    },
  ],
}
