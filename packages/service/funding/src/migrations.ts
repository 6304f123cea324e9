import type { Migrations } from '@rivulet/postgres'

/** The schema `funding`. Times are milliseconds since 1970 of the service's clock, amounts units of the plan's asset. */
export const fundingMigrations: Migrations = {
  schema: 'funding',
  steps: [
    {
      name: '1-subscriptions',
      sql: `
        create table funding.plan (
          id text primary key,
          -- What the operator calls it in configuration: the same key with other terms is a new plan, and the old one is withdrawn.
          key text not null,
          name text not null,
          price bigint not null check (price > 0),
          asset_code text not null,
          asset_scale integer not null check (asset_scale between 0 and 18),
          period text not null check (period in ('month', 'year')),
          fee_basis_points integer not null check (fee_basis_points between 0 and 10000),
          rate bigint not null check (rate > 0),
          trial_days integer not null check (trial_days between 0 and 365),
          offered boolean not null
        );
        create unique index plan_offered on funding.plan (key) where offered;

        create table funding.subscription (
          id text primary key,
          person_id text not null,
          account_id text not null,
          provider text not null,
          -- The provider's own name of the card; never a card's number.
          card jsonb not null,
          policy jsonb not null,
          status text not null,
          -- The whole of its state but the plans, which it names.
          state jsonb not null,
          -- When time alone changes it next.
          due_ms bigint,
          begun_ms bigint not null,
          period_begun_ms bigint not null,
          -- Of the running period: what was funded, and what rolled over into it.
          funded bigint not null default 0 check (funded >= 0),
          carried bigint not null default 0 check (carried >= 0)
        );
        create unique index subscription_live on funding.subscription (person_id) where status <> 'ended';
        create index subscription_due on funding.subscription (due_ms) where due_ms is not null;

        -- What a transition asks to be done, written with it, done after it, in its order.
        create table funding.effect (
          subscription_id text not null references funding.subscription,
          number bigint generated always as identity,
          effect jsonb not null,
          attempts integer not null default 0,
          not_before_ms bigint not null default 0,
          done_ms bigint,
          primary key (subscription_id, number)
        );
        create index effect_open on funding.effect (not_before_ms) where done_ms is null;

        create table funding.charge (
          key text primary key,
          subscription_id text not null references funding.subscription,
          provider text not null,
          provider_reference text,
          amount bigint not null check (amount > 0),
          status text not null check (status in ('asked', 'authentication', 'succeeded', 'failed', 'disputed', 'refunded')),
          reason text,
          asked_ms bigint not null,
          settled_ms bigint
        );
        create unique index charge_reference on funding.charge (provider, provider_reference) where provider_reference is not null;

        create table funding.statement (
          subscription_id text not null references funding.subscription,
          period integer not null,
          begun_ms bigint not null,
          ended_ms bigint not null,
          policy jsonb not null,
          rest bigint not null,
          rolled_over bigint not null,
          shares jsonb not null,
          primary key (subscription_id, period)
        );

        create table funding.sandbox_charge (
          key text primary key,
          card text not null,
          amount bigint not null,
          status text not null
        );
      `,
    },
    {
      name: '2-attention-counted-once',
      sql: `
        -- What of the attention of the day on which a period begins, and of the day before, is not its own; null where an earlier version began it.
        alter table funding.subscription add column counted jsonb;
        alter table funding.statement add column counted jsonb;
      `,
    },
    {
      name: '3-invoices',
      sql: `
        -- The last number that was given: documents count without gaps.
        create table funding.invoice_number (only_one boolean primary key default true check (only_one), last bigint not null);
        create table funding.invoice (
          number bigint primary key,
          kind text not null check (kind in ('invoice', 'credit-note')),
          person_id text not null,
          charge_key text not null references funding.charge,
          issued_ms bigint not null,
          -- All that it says: it stays as it was whatever changes afterwards.
          content jsonb not null,
          unique (charge_key, kind)
        );
        create index invoice_person on funding.invoice (person_id, number);
        -- How a payment that was given back is taken out of the books: its parts are fixed before the first of them moves.
        create table funding.refund (
          charge_key text primary key references funding.charge,
          amount bigint not null check (amount > 0),
          from_budget bigint not null check (from_budget >= 0),
          from_fee bigint not null check (from_fee >= 0),
          from_loss bigint not null check (from_loss >= 0),
          check (from_budget + from_fee + from_loss = amount)
        );
      `,
    },
    {
      name: '4-pacing',
      sql: `alter table funding.plan add column pacing text not null default 'stream' check (pacing in ('stream', 'stretch'));`,
    },
    {
      name: '5-provider-fees',
      sql: `
        -- What the provider kept of a charge, units, once it says so.
        alter table funding.charge add column provider_fee bigint check (provider_fee >= 0);
      `,
    },
    {
      name: '6-taken-back-in-parts',
      sql: `
        -- Of a charge, what has been given back so far, units.
        alter table funding.charge add column refunded bigint not null default 0 check (refunded between 0 and amount);
        update funding.charge set refunded = amount where status = 'refunded';
        -- One row for each time that something of a charge is taken back, by how much in all has been taken back then, and what of it was VAT.
        alter table funding.refund add column until bigint;
        update funding.refund set until = amount;
        alter table funding.refund alter column until set not null;
        alter table funding.refund add column from_vat bigint not null default 0 check (from_vat >= 0);
        alter table funding.refund drop constraint refund_pkey, drop constraint refund_check, add primary key (charge_key, until), add check (from_budget + from_fee + from_vat + from_loss = amount);
        alter table funding.invoice drop constraint invoice_charge_key_kind_key;
        create unique index invoice_of_charge on funding.invoice (charge_key) where kind = 'invoice';
        -- A payment that waits for its owner does so for a day from now on.
        update funding.subscription s set state = s.state || jsonb_build_object('waitsUntilMs', c.asked_ms + 86400000), due_ms = c.asked_ms + 86400000
          from funding.charge c where c.subscription_id = s.id and c.status = 'authentication' and s.state->'charging' <> 'null'::jsonb;
        -- What was still to be taken out of the books for a dispute now names its charge.
        update funding.effect e set effect = jsonb_build_object('type', 'dispute', 'key', (select key from funding.charge c where c.subscription_id = e.subscription_id and c.status = 'disputed' order by settled_ms desc, key desc limit 1))
          where effect->>'type' = 'reclaim' and done_ms is null and exists (select from funding.charge c where c.subscription_id = e.subscription_id and c.status = 'disputed');
      `,
    },
    {
      name: '7-pooled-plans',
      sql: `
        alter table funding.plan add column pool text not null default 'none' check (pool in ('none', 'pro-rata', 'user-centric'));
        -- What of a period went into its plan's pot, and whom she had read.
        alter table funding.statement add column pooled bigint not null default 0 check (pooled >= 0);
        alter table funding.statement add column pool_attention jsonb;
        create table funding.pool_entry (
          subscription_id text not null references funding.subscription,
          period integer not null,
          plan_id text not null references funding.plan,
          -- UTC, 2026-01.
          month text not null,
          budget bigint not null check (budget > 0),
          attention jsonb not null,
          primary key (subscription_id, period)
        );
        create index pool_entry_month on funding.pool_entry (plan_id, month);
        -- How a month's pot is divided, and how it would have been the other way; nothing enters a month that has its statement.
        create table funding.pool_statement (
          plan_id text not null references funding.plan,
          month text not null,
          rule text not null check (rule in ('pro-rata', 'user-centric')),
          members integer not null,
          budget bigint not null,
          pro_rata jsonb not null,
          user_centric jsonb not null,
          made_ms bigint not null,
          done_ms bigint,
          primary key (plan_id, month)
        );
      `,
    },
    {
      name: '8-disputes-won',
      sql: `
        -- How many disputes of a charge were won back; what its provider takes for disputes of it, units, as so many entries of its books say.
        alter table funding.charge add column disputes_won integer not null default 0, add column dispute_cost bigint not null default 0 check (dispute_cost >= 0), add column dispute_entries integer not null default 0;
        -- A payment that was won back has another invoice, which names the credit note that it replaces.
        drop index funding.invoice_of_charge;
        create unique index invoice_of_charge on funding.invoice (charge_key) where kind = 'invoice' and not content ? 'corrects';
        -- When a card of the sandbox that is disputed later has the next thing to tell.
        alter table funding.sandbox_charge add column news_ms bigint;
        create index sandbox_news on funding.sandbox_charge (news_ms) where news_ms is not null;
      `,
    },
    {
      name: '9-what-waits',
      sql: `
        -- Since when it waits (null where an earlier version wrote it), and why it did not succeed the last time.
        alter table funding.effect add column created_ms bigint, add column error text check (length(error) <= 500);
      `,
    },
    {
      name: '10-shares-returned',
      sql: `
        -- What had gathered for somebody who cannot be paid goes back: written before it moves, with how it is divided among the subscriptions, and the account's counters of which that was computed.
        create table funding.share_return (
          id text primary key,
          account_id text not null,
          asset_code text not null,
          asset_scale integer not null,
          amount bigint not null check (amount > 0),
          parts jsonb not null,
          unclaimed bigint not null check (unclaimed between 0 and amount),
          debits_pending bigint not null,
          debits_posted bigint not null,
          credits_posted bigint not null,
          made_ms bigint not null,
          moved_ms bigint
        );
        create unique index share_return_open on funding.share_return (account_id) where moved_ms is null;
      `,
    },
    {
      name: '11-charges-of-a-subscription',
      sql: `
        -- Each change of a subscription, and each page about it, asks for its charges.
        create index charge_subscription on funding.charge (subscription_id, asked_ms);
      `,
    },
    {
      name: '12-disputes-as-the-provider-books-them',
      sql: `
        -- Of a dispute that took less than the rest: how much in all of the charge is gone with it. What disputes took beyond what was left of a charge, units; less than nothing where a lost one gave something back.
        alter table funding.charge add column disputed_to bigint check (disputed_to between 1 and amount), add column dispute_beyond bigint not null default 0;
      `,
    },
  ],
}
