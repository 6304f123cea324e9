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
  ],
}
