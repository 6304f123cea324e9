import type { Migrations } from '@rivulet/postgres'

/** The schema `audit`: what operators did. Rows are only ever added. */
export const auditMigrations: Migrations = {
  schema: 'audit',
  steps: [
    {
      name: '0001-actions',
      sql: `
create table audit.actions (
  id text primary key,
  at_ms int8 not null,
  -- Id of the operator, or 'command' for a command of this machine.
  operator text not null check (length(operator) <= 60),
  name text not null check (length(name) <= 60),
  -- On whom or what: an id, or a name.
  subject text not null check (length(subject) <= 200),
  reason text check (length(reason) <= 500),
  detail jsonb not null default '{}' check (octet_length(detail::text) <= 4096),
  -- 'begun' where something outside the database follows.
  result text not null check (result in ('begun', 'done', 'refused', 'failed')),
  -- Why it was refused, or failed.
  code text check (length(code) <= 100)
);
create index actions_operator on audit.actions (operator, id);
create index actions_name on audit.actions (name, id);
create index actions_subject on audit.actions (subject, id);
create function audit.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit.% is never changed', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger immutable before update or delete on audit.actions for each row execute function audit.refuse_change();
create trigger immutable_whole before truncate on audit.actions for each statement execute function audit.refuse_change();
`,
    },
    {
      name: '0002-time',
      sql: 'create index actions_time on audit.actions (at_ms)',
    },
  ],
}
