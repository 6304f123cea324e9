import type { Migrations } from '@rivulet/postgres'

/**
 * The schema `accounts`. The tables person, session, credential, verification and rate_limit are those that better-auth asks for, under our names;
 * a test holds them against what its installed version wants.
 */
export const accountsMigrations: Migrations = {
  schema: 'accounts',
  steps: [
    {
      name: '1-people',
      sql: `
        create table accounts.person (
          id text primary key,
          role text not null check (role in ('subscriber', 'publisher', 'operator')),
          email text not null check (email = lower(email)),
          email_verified boolean not null default false,
          name text not null,
          image text,
          created_at timestamptz not null,
          updated_at timestamptz not null,
          -- Set once ledger account, wallet address and what else belongs to a new person exist. Until then each sign-in repairs.
          provisioned_at timestamptz,
          unique (role, email)
        );
        create table accounts.credential (
          id text primary key,
          person_id text not null references accounts.person on delete cascade,
          provider_id text not null,
          account_id text not null,
          password text,
          access_token text,
          refresh_token text,
          id_token text,
          access_token_expires_at timestamptz,
          refresh_token_expires_at timestamptz,
          scope text,
          created_at timestamptz not null,
          updated_at timestamptz not null,
          unique (provider_id, account_id)
        );
        create index credential_person on accounts.credential (person_id);
        create table accounts.session (
          id text primary key,
          person_id text not null references accounts.person on delete cascade,
          token_hash text not null unique,
          expires_at timestamptz not null,
          ip_address text,
          user_agent text,
          created_at timestamptz not null,
          updated_at timestamptz not null
        );
        create index session_person on accounts.session (person_id);
        create index session_expiry on accounts.session (expires_at);
        create table accounts.verification (
          id text primary key,
          identifier text not null,
          value text not null,
          expires_at timestamptz not null,
          created_at timestamptz not null,
          updated_at timestamptz not null
        );
        create index verification_identifier on accounts.verification (identifier);
        create table accounts.rate_limit (
          id text primary key,
          key text not null unique,
          count integer not null,
          last_request bigint not null
        );
        create table accounts.wallet_address (
          id text primary key,
          person_id text not null unique references accounts.person,
          path text not null unique,
          public_name text not null,
          asset_code text not null,
          asset_scale integer not null check (asset_scale between 0 and 18),
          ledger_account_id text not null unique,
          created_at timestamptz not null
        );
        create table accounts.client_key (
          person_id text not null references accounts.person,
          kid text not null,
          x text not null,
          created_at timestamptz not null,
          primary key (person_id, kid)
        );
      `,
    },
    {
      name: '2-addresses-and-keys',
      sql: `
        -- A person may have several wallet addresses, each with an asset and a ledger account of its own. Money meant for the person goes to the main one.
        alter table accounts.wallet_address drop constraint wallet_address_person_id_key;
        alter table accounts.wallet_address add column main boolean not null default true;
        alter table accounts.wallet_address alter column main drop default;
        create unique index wallet_address_main on accounts.wallet_address (person_id) where main;
        create index wallet_address_person on accounts.wallet_address (person_id);
        -- A key belongs to a wallet address, under which it is published.
        create table accounts.wallet_key (
          id text primary key,
          wallet_address_id text not null references accounts.wallet_address,
          kid text not null,
          x text not null,
          name text not null,
          created_at timestamptz not null,
          unique (wallet_address_id, kid)
        );
        insert into accounts.wallet_key (id, wallet_address_id, kid, x, name, created_at)
          select 'key_' || substr(md5(k.person_id || '/' || k.kid), 1, 26), w.id, k.kid, k.x, '', k.created_at
          from accounts.client_key k join accounts.wallet_address w on w.person_id = k.person_id;
        drop table accounts.client_key;
      `,
    },
    {
      name: '3-mail',
      sql: `
        -- In which a person is written to: that of the last sign-in.
        alter table accounts.person add column language text not null default 'en' check (language in ('en', 'fr'));
        -- Whoever could sign in before addresses were confirmed still can.
        update accounts.person set email_verified = true;
      `,
    },
    {
      name: '4-sign-ins',
      sql: `
        alter table accounts.session add column seen_at timestamptz;
        create table accounts.passkey (
          id text primary key,
          person_id text not null references accounts.person on delete cascade,
          credential_id text not null unique,
          public_key bytea not null,
          -- What the authenticator counts, to tell a copy of it; 0 where it counts nothing.
          counter bigint not null,
          transports text not null,
          synced boolean not null,
          name text not null,
          created_at timestamptz not null,
          used_at timestamptz
        );
        create index passkey_person on accounts.passkey (person_id);
        -- Attempts to sign in as one person, whether there is such a person or not.
        create table accounts.attempt (
          key text primary key,
          count integer not null,
          since timestamptz not null
        );
        create index attempt_since on accounts.attempt (since);
        `,
      },
      {
      name: '5-frozen',
      sql: `
        -- While it is set the person spends nothing, is paid nothing out, and does not sign in.
        alter table accounts.person add column frozen_at timestamptz;
        alter table accounts.person add column frozen_reason text check (length(frozen_reason) <= 500);
        alter table accounts.person add constraint frozen_with_reason check ((frozen_at is null) = (frozen_reason is null));
        create index person_frozen on accounts.person (id) where frozen_at is not null;
      `,
    },
    {
      name: '6-erasure',
      sql: `
        -- When she asked to be forgotten, and when nothing was left to forget. From the first on she is frozen.
        alter table accounts.person add column erasing_at timestamptz, add column erased_at timestamptz check (erased_at is null or erasing_at is not null);
        create index person_erasing on accounts.person (erasing_at) where erasing_at is not null and erased_at is null;
        -- SHA-256 of the paths of wallet addresses that were forgotten: nobody else is ever paid at them.
        create table accounts.retired_path (path_hash bytea primary key check (length(path_hash) = 32));
      `,
    },
    {
      name: '7-read-only',
      sql: `
        -- Of an operator who sees everything and changes nothing.
        alter table accounts.person add column read_only boolean not null default false check (not read_only or role = 'operator');
      `,
    },
    {
      name: '8-invited-by',
      sql: `
        -- The operator who made this one: for some time the two are one pair of eyes.
        alter table accounts.person add column invited_by text references accounts.person check (invited_by is null or role = 'operator');
        create index person_invited on accounts.person (created_at) where invited_by is not null;
      `,
    },
  ],
}
