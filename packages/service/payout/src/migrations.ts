import type { Migrations } from '@rivulet/postgres'

/**
 * The schema `payout`. Amounts are units of the asset beside them, times milliseconds since 1970 of the service's clock. Where money goes is sealed; money itself is in the ledger only,
 * under keys made of a payout's id, its attempt, and the step.
 */
export const payoutMigrations: Migrations = {
  schema: 'payout',
  steps: [
    {
      name: '1-payouts',
      sql: `
        -- How somebody is paid out, unless told otherwise, and when by itself.
        create table payout.method (
          account_id text primary key,
          person_id text not null,
          rail text not null,
          destination bytea not null,
          shown text not null,
          schedule text not null check (schedule in ('none', 'daily', 'weekly', 'monthly')),
          threshold int8 not null check (threshold between 0 and 4611686018427387904),
          due_ms int8
        );
        create index method_due on payout.method (due_ms) where due_ms is not null;

        -- A file for the bank; every payout is in one of each of its attempts.
        create table payout.batch (
          id text primary key,
          created_ms int8 not null,
          created_by text not null,
          payouts integer not null check (payouts > 0),
          total int8 not null check (total > 0),
          -- Sealed: it names people and accounts.
          file bytea not null
        );

        create table payout.payout (
          id text primary key,
          account_id text not null,
          person_id text not null,
          key text not null,
          rail text not null,
          destination bytea not null,
          shown text not null,
          asset_code text not null,
          asset_scale integer not null,
          amount int8 not null check (amount between 1 and 4611686018427387904),
          fee int8 not null check (fee >= 0 and fee < amount),
          status text not null check (status in ('requested', 'awaiting-approval', 'approved', 'sent', 'settled', 'returned', 'failed', 'cancelled')),
          requested_kind text not null,
          requested_id text not null,
          approvals_needed integer not null check (approvals_needed between 0 and 2),
          approvals jsonb not null,
          attempt integer not null check (attempt > 0),
          reference text,
          carried int8 not null default 0 check (carried >= 0 and carried <= amount - fee),
          batch_id text references payout.batch,
          created_ms int8 not null,
          changed_ms int8 not null,
          unique (account_id, key)
        );
        create index payout_of_account on payout.payout (account_id, id);
        create index payout_by_status on payout.payout (status, rail, id);

        -- The timeline: one row for each transition.
        create table payout.event (
          payout_id text not null references payout.payout,
          number int8 generated always as identity,
          at_ms int8 not null,
          status text not null,
          attempt integer not null,
          actor_kind text not null,
          actor_id text not null,
          note text,
          primary key (payout_id, number)
        );

        -- What a transition asks to be done, written with it, done after it, in its order.
        create table payout.effect (
          payout_id text not null references payout.payout,
          number int8 generated always as identity,
          rail text not null,
          type text not null,
          effect jsonb not null,
          -- Of the payout.
          attempt integer not null,
          tries integer not null default 0,
          not_before_ms int8 not null default 0,
          done_ms int8,
          primary key (payout_id, number)
        );
        create index effect_open on payout.effect (not_before_ms) where done_ms is null;

        -- What the bank says: a statement is taken once, each of its lines is matched once.
        create table payout.statement (
          id text primary key,
          -- SHA-256 of the file, in hex, and the bank's own name of the statement.
          file_hash text not null,
          bank_id text not null,
          account_shown text not null,
          uploaded_ms int8 not null,
          uploaded_by text not null,
          opening int8 not null,
          closing int8 not null,
          from_ms int8,
          to_ms int8 not null,
          unique (file_hash, bank_id)
        );
        create unique index statement_bank_id on payout.statement (account_shown, bank_id);

        create table payout.statement_line (
          statement_id text not null references payout.statement,
          number integer not null,
          -- Units; what the account received is positive.
          amount int8 not null,
          end_to_end text,
          bank_reference text,
          is_return boolean not null,
          booked_ms int8 not null,
          reason text,
          description text not null,
          outcome text not null check (outcome in ('new', 'settled', 'returned', 'unknown', 'doubled', 'altered', 'explained')),
          payout_id text references payout.payout,
          note text,
          -- Of the ledger's transfer by which somebody explained it.
          booked_key text,
          primary key (statement_id, number)
        );
        create index statement_line_new on payout.statement_line (statement_id, number) where outcome = 'new';
        -- What a payment service provider says.
        create table payout.provider_statement (
          id text primary key,
          provider text not null,
          name text not null,
          from_ms int8 not null,
          to_ms int8 not null,
          uploaded_ms int8 not null,
          uploaded_by text not null,
          content_hash text not null,
          unique (provider, name)
        );
        create table payout.provider_line (
          statement_id text not null references payout.provider_statement,
          number integer not null,
          kind text not null,
          reference text not null,
          amount int8 not null,
          at_ms int8 not null,
          primary key (statement_id, number)
        );
        create index statement_line_bank_reference on payout.statement_line (bank_reference) where bank_reference is not null;
      `,
    },
    {
      name: '2-stripe-accounts',
      sql: `
        -- Of publishers, at Stripe.
        create table payout.stripe_account (
          person_id text primary key,
          account text not null unique,
          created_ms int8 not null
        );
      `,
    },
    {
      name: '3-what-waits',
      sql: `
        -- Why it did not succeed the last time.
        alter table payout.effect add column error text check (length(error) <= 500);
      `,
    },
    {
      name: '4-given-up',
      sql: `
        -- Of a wallet address elsewhere for which shares gather: failures before this time do not count any more.
        alter table payout.method add column patient_from_ms int8 not null default 0,
          -- Since when nothing is paid out there; null while a second operator must ask for it too. By whom, why, and who was the second.
          add column given_up_ms int8, add column given_up_by text, add column given_up_reason text check (length(given_up_reason) <= 300), add column given_up_agreed_by text,
          add check (given_up_ms is null or given_up_by is not null);
        create index method_given_up on payout.method (account_id) where given_up_by is not null;
      `,
    },
    {
      name: '5-what-a-file-held',
      sql: `
        -- Which attempts a file for the bank held: a payout that came back is sent again in another one.
        create table payout.batch_payout (
          batch_id text not null references payout.batch,
          payout_id text not null references payout.payout,
          attempt integer not null,
          primary key (batch_id, payout_id)
        );
        create index batch_payout_of on payout.batch_payout (payout_id);
        insert into payout.batch_payout (batch_id, payout_id, attempt)
          select batch_id, id, case when reference is not distinct from batch_id then attempt else greatest(attempt - 1, 1) end from payout.payout where batch_id is not null;
      `,
    },
    {
      name: '6-what-the-bank-wrote',
      sql: `
        -- Which attempt of a payout a line is about by an operator's word: end_to_end stays what the bank wrote.
        alter table payout.statement_line add column assigned text;
      `,
    },
  ],
}
