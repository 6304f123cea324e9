import type { Migrations } from '@rivulet/postgres'

/**
 * The schema `open_payments`: quotes, outgoing payments, and what each grant has spent. Amounts are units of the asset beside them, times milliseconds since 1970 of the
 * service's clock. Money itself is in the ledger only: a payment's stream row there has the payment's id with another prefix.
 */
export const openPaymentsMigrations: Migrations = {
  schema: 'open_payments',
  steps: [
    {
      name: '1-quotes-and-outgoing-payments',
      sql: `
        create table open_payments.quote (
          id text primary key,
          wallet_address_id text not null,
          wallet_address text not null,
          client text not null,
          receiver text not null,
          kind text not null check (kind in ('send', 'deliver')),
          debit int8 not null check (debit between 1 and 4611686018427387904),
          send int8 not null check (send between 1 and debit),
          asset_code text not null,
          asset_scale int2 not null,
          receive int8 not null check (receive between 1 and 4611686018427387904),
          receive_asset_code text not null,
          receive_asset_scale int2 not null,
          rate_numerator numeric not null check (rate_numerator > 0),
          rate_denominator numeric not null check (rate_denominator > 0),
          least_numerator numeric not null check (least_numerator > 0),
          least_denominator numeric not null check (least_denominator > 0),
          -- The one payment that was made from it.
          payment_id text,
          created_ms int8 not null,
          expires_ms int8 not null
        );
        create index quote_expiry on open_payments.quote (expires_ms) where payment_id is null;

        create table open_payments.grant_spending (
          grant_id text not null,
          -- Of the limits' interval; 0 when the limits, if any, hold for the whole grant.
          interval_start_ms int8 not null,
          debit int8 not null default 0 check (debit >= 0),
          receive int8 not null default 0 check (receive >= 0),
          asset_code text not null,
          asset_scale int2 not null,
          receive_asset_code text not null,
          receive_asset_scale int2 not null,
          -- Receivers of several assets: their sum says nothing.
          receive_mixed boolean not null default false,
          primary key (grant_id, interval_start_ms)
        ) with (fillfactor = 50);

        create table open_payments.outgoing_payment (
          sent int8 not null default 0 check (sent between 0 and debit),
          ended_ms int8,
          state text not null default 'sending' check (state in ('sending', 'completed', 'failed')),
          id text primary key,
          wallet_address_id text not null,
          wallet_address text not null,
          ledger_account_id text not null,
          client text not null,
          grant_id text not null,
          interval_start_ms int8 not null,
          quote_id text unique references open_payments.quote,
          receiver text not null,
          debit int8 not null check (debit between 1 and 4611686018427387904),
          send int8 not null check (send between 1 and debit),
          asset_code text not null,
          asset_scale int2 not null,
          receive int8 not null check (receive between 1 and 4611686018427387904),
          receive_asset_code text not null,
          receive_asset_scale int2 not null,
          -- For a fixed delivery: done when so much has arrived.
          deliver int8,
          -- JSON as it came: jsonb knows not every string that JSON does.
          metadata text,
          failure text,
          created_ms int8 not null
        ) with (fillfactor = 80);
        create index outgoing_payment_of_address on open_payments.outgoing_payment (wallet_address_id, id);
        create index outgoing_payment_open on open_payments.outgoing_payment (created_ms) where state = 'sending';
      `,
    },
    {
      name: '2-tips',
      sql: `
        -- What a subscriber asked for under a key of hers. The payment is named before anything of it is sent; a refusal stays the answer.
        create table open_payments.tip (
          id text primary key,
          person_id text not null,
          key text not null,
          pointer text not null,
          amount int8 not null check (amount between 1 and 4611686018427387904),
          payment_id text,
          incoming_payment text,
          refusal text,
          created_ms int8 not null,
          unique (person_id, key),
          check (payment_id is null or refusal is null)
        );
        create index tip_of_person on open_payments.tip (person_id, id);
      `,
    },
  ],
}
