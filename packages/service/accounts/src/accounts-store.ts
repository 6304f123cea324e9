import { createHash } from 'node:crypto'
import { type Action, ofKysely, recordAction } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import type { Language } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { type Generated, type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { Role } from './types.ts'

export interface AccountsTables {
  'accounts.person': {
    id: Id<'pers'>
    role: Role
    email: string
    email_verified: boolean
    language: Language
    name: string
    created_at: Date
    updated_at: Date
    provisioned_at: Date | null
    frozen_at: Date | null
    frozen_reason: string | null
    erasing_at: Date | null
    erased_at: Date | null
    read_only: boolean
    invited_by: Generated<Id<'pers'> | null>
  }
  'accounts.credential': { id: string; person_id: Id<'pers'>; provider_id: string; account_id: string; password: string; created_at: Date; updated_at: Date }
  'accounts.session': { id: string; person_id: Id<'pers'>; created_at: Date; expires_at: Date; seen_at: Date | null; ip_address: string | null; user_agent: string | null }
  'accounts.passkey': { person_id: Id<'pers'> }
  'accounts.retired_path': { path_hash: Buffer }
  'accounts.verification': { expires_at: Date }
  'accounts.rate_limit': { last_request: bigint }
  'accounts.wallet_address': {
    id: Id<'wadr'>
    person_id: Id<'pers'>
    path: string
    public_name: string
    asset_code: string
    asset_scale: number
    ledger_account_id: Id<'acct'>
    main: boolean
    created_at: Date
  }
  'accounts.wallet_key': { id: Id<'key'>; wallet_address_id: Id<'wadr'>; kid: string; x: string; name: string; created_at: Date }
}

type PersonRow = Pick<Selectable<AccountsTables['accounts.person']>, 'id' | 'role' | 'email' | 'language' | 'name' | 'created_at' | 'provisioned_at' | 'frozen_at' | 'frozen_reason' | 'read_only'>
export type WalletAddressRow = Selectable<AccountsTables['accounts.wallet_address']>
export type WalletKeyRow = Selectable<AccountsTables['accounts.wallet_key']>
/** A wallet address with the role of its person. */
export type WalletAddressOfRow = WalletAddressRow & { readonly role: Role }
/** A person with the main wallet address, whose columns are null for who has none. */
export type PersonWithAddressRow = PersonRow & {
  [Column in 'path' | 'public_name' | 'asset_code' | 'asset_scale' | 'ledger_account_id']: WalletAddressRow[Column] | null
} & { wallet_address_id: Id<'wadr'> | null }

const addressesKeptMs = 3_600_000

/** The rows of people, wallet addresses and client keys. Sessions and passwords are better-auth's. */
export class AccountsStore {
  readonly #db: Kysely<AccountsTables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<AccountsTables>()
  }

  #people() {
    return this.#db
      .selectFrom('accounts.person as p')
      .leftJoin('accounts.wallet_address as w', (join) => join.onRef('w.person_id', '=', 'p.id').on('w.main', '=', true))
      .select(['p.id', 'p.role', 'p.email', 'p.language', 'p.name', 'p.created_at', 'p.provisioned_at', 'p.frozen_at', 'p.frozen_reason', 'p.read_only', 'w.id as wallet_address_id', 'w.path', 'w.public_name', 'w.asset_code', 'w.asset_scale', 'w.ledger_account_id'])
  }

  personById(id: Id<'pers'>): Promise<PersonWithAddressRow | undefined> {
    return this.#people().where('p.id', '=', id).executeTakeFirst()
  }

  personByEmail(role: Role, email: string): Promise<PersonWithAddressRow | undefined> {
    return this.#people().where('p.role', '=', role).where('p.email', '=', email).executeTakeFirst()
  }

  /** By any of the person's wallet addresses. */
  personByPath(path: string): Promise<PersonWithAddressRow | undefined> {
    return this.#people()
      .where('p.id', '=', (where) => where.selectFrom('accounts.wallet_address').select('person_id').where('path', '=', path))
      .executeTakeFirst()
  }

  #addresses() {
    return this.#db.selectFrom('accounts.wallet_address as w').innerJoin('accounts.person as p', 'p.id', 'w.person_id').selectAll('w').select('p.role')
  }

  addressByPath(path: string): Promise<WalletAddressOfRow | undefined> {
    return this.#addresses().where('w.path', '=', path).where('p.erasing_at', 'is', null).executeTakeFirst()
  }

  addressById(id: Id<'wadr'>): Promise<WalletAddressOfRow | undefined> {
    return this.#addresses().where('w.id', '=', id).where('p.erased_at', 'is', null).executeTakeFirst()
  }

  addressByAccount(accountId: Id<'acct'>): Promise<WalletAddressOfRow | undefined> {
    return this.#addresses().where('w.ledger_account_id', '=', accountId).executeTakeFirst()
  }

  /** The main one first, then by age. */
  addressesOf(personId: Id<'pers'>): Promise<WalletAddressOfRow[]> {
    return this.#addresses().where('w.person_id', '=', personId).orderBy('w.main', 'desc').orderBy('w.created_at').orderBy('w.id').execute()
  }

  /** At most two: enough to tell that a name is not unique. */
  peopleByEmailOrName(text: string): Promise<PersonWithAddressRow[]> {
    return this.#people()
      .where((where) => where.or([where('p.email', '=', text.toLowerCase()), where(sql<string>`lower(p.name)`, '=', text.toLowerCase())]))
      .orderBy('p.id')
      .limit(2)
      .execute()
  }

  async setLanguage(id: Id<'pers'>, language: Language): Promise<void> {
    await this.#db.updateTable('accounts.person').set({ language }).where('id', '=', id).where('language', '<>', language).execute()
  }

  /** Whoever opened a mail to this address owns it. */
  async confirmAddress(id: Id<'pers'>): Promise<void> {
    await this.#db.updateTable('accounts.person').set({ email_verified: true }).where('id', '=', id).execute()
  }

  people(role: Role, limit: number): Promise<PersonWithAddressRow[]> {
    return this.#people().where('p.role', '=', role).where('p.erased_at', 'is', null).orderBy('p.id').limit(limit).execute()
  }

  /** Newest first, of those whose name, e-mail or path holds `text`. */
  search({ role, text, frozen, before, limit }: { readonly role: Role; readonly text: string; readonly frozen: boolean; readonly before: string | undefined; readonly limit: number }): Promise<PersonWithAddressRow[]> {
    const like = `%${text.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
    return this.#people()
      .where('p.role', '=', role)
      .where('p.erased_at', 'is', null)
      .$if(text !== '', (query) => query.where((where) => where.or([where('p.id', '=', text as Id<'pers'>), where('p.email', 'like', like), where(sql<string>`lower(p.name)`, 'like', like), where('w.path', 'like', like)])))
      .$if(frozen, (query) => query.where('p.frozen_at', 'is not', null))
      .$if(before !== undefined, (query) => query.where('p.id', '<', before as Id<'pers'>))
      .orderBy('p.id', 'desc')
      .limit(limit)
      .execute()
  }

  /** False when it is so already. The sessions of who is frozen end with it, and what the operator did is written down with it. */
  setFrozen(id: Id<'pers'>, frozen: { readonly reason: string } | undefined, { action, at }: { readonly action: Action; readonly at: Date }): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('accounts.person')
        .set({ frozen_at: frozen === undefined ? null : at, frozen_reason: frozen?.reason ?? null })
        .where('id', '=', id)
        .where('frozen_at', frozen === undefined ? 'is not' : 'is', null)
        .where('erasing_at', 'is', null)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      if (frozen !== undefined) await trx.deleteFrom('accounts.session').where('person_id', '=', id).execute()
      await recordAction(ofKysely(trx), action, at.getTime())
      return true
    })
  }

  async frozenAmong(ids: readonly Id<'pers'>[]): Promise<Id<'pers'>[]> {
    const rows = await this.#db.selectFrom('accounts.person').select('id').where('id', '=', sql<Id<'pers'>>`any(${ids}::text[])`).where('frozen_at', 'is not', null).execute()
    return rows.map(({ id }) => id)
  }

  /** Which of these accounts are of people whom the operator has frozen. */
  async frozenAccounts(accountIds: readonly Id<'acct'>[]): Promise<ReadonlySet<Id<'acct'>>> {
    const rows = await this.#db
      .selectFrom('accounts.wallet_address as w')
      .innerJoin('accounts.person as p', 'p.id', 'w.person_id')
      .select('w.ledger_account_id')
      .where('w.ledger_account_id', '=', sql<Id<'acct'>>`any(${accountIds}::text[])`)
      .where('p.frozen_at', 'is not', null)
      .execute()
    return new Set(rows.map((row) => row.ledger_account_id))
  }

  /** Person and password in one transaction, made by whoever may: the address needs no confirmation. False when the e-mail is taken in this role. */
  insertPerson(person: { readonly id: Id<'pers'>; readonly role: Role; readonly email: string; readonly name: string; readonly passwordHash: string; readonly readOnly: boolean; readonly at: Date }): Promise<boolean> {
    const { passwordHash, readOnly, at, ...columns } = person
    return this.#db.transaction().execute(async (trx) => {
      const inserted = await trx
        .insertInto('accounts.person')
        .values({ ...columns, read_only: readOnly, email_verified: true, language: 'en', created_at: at, updated_at: at, provisioned_at: null, frozen_at: null, frozen_reason: null, erasing_at: null, erased_at: null })
        .onConflict((conflict) => conflict.columns(['role', 'email']).doNothing())
        .returning('id')
        .executeTakeFirst()
      if (inserted === undefined) return false
      await trx
        .insertInto('accounts.credential')
        .values({ id: person.id, person_id: person.id, account_id: person.id, provider_id: 'credential', password: passwordHash, created_at: at, updated_at: at })
        .execute()
      return true
    })
  }

  /** False when the person has a main wallet address already and this is to be another, or someone has the path. */
  async insertWalletAddress(row: WalletAddressRow): Promise<boolean> {
    return this.#db.transaction().execute((trx) => insertAddress(trx, row))
  }

  async markProvisioned(id: Id<'pers'>, at: Date): Promise<void> {
    await this.#db.updateTable('accounts.person').set({ provisioned_at: at }).where('id', '=', id).execute()
  }

  /** Inserts a further address; `full` when the person has `addressesMax`, `taken` when someone has the path. */
  insertFurtherAddress(row: WalletAddressRow, addressesMax: number): Promise<'inserted' | 'full' | 'taken'> {
    return this.#db.transaction().execute(async (trx) => {
      await trx.selectFrom('accounts.person').select('id').where('id', '=', row.person_id).forUpdate().execute()
      const { count } = await trx.selectFrom('accounts.wallet_address').select((where) => where.fn.countAll<bigint>().as('count')).where('person_id', '=', row.person_id).executeTakeFirstOrThrow()
      if (Number(count) >= addressesMax) return 'full'
      return (await insertAddress(trx, row)) ? 'inserted' : 'taken'
    })
  }

  async renameAddress(id: Id<'wadr'>, publicName: string): Promise<void> {
    await this.#db.updateTable('accounts.wallet_address').set({ public_name: publicName }).where('id', '=', id).execute()
  }

  /** Inserts the key, or returns the one that already has this kid. `full` when the address has `keysMax` others. */
  insertKey(key: WalletKeyRow, keysMax: number): Promise<'inserted' | 'full' | WalletKeyRow> {
    return this.#db.transaction().execute(async (trx) => {
      // The lock on the address orders concurrent inserts, so that the limit holds.
      await trx.selectFrom('accounts.wallet_address').select('id').where('id', '=', key.wallet_address_id).forUpdate().execute()
      const keys = await trx.selectFrom('accounts.wallet_key').selectAll().where('wallet_address_id', '=', key.wallet_address_id).execute()
      const same = keys.find(({ kid }) => kid === key.kid)
      if (same !== undefined) return same
      if (keys.length >= keysMax) return 'full'
      await trx.insertInto('accounts.wallet_key').values(key).execute()
      return 'inserted'
    })
  }

  keys(addressIds: readonly Id<'wadr'>[]): Promise<WalletKeyRow[]> {
    return this.#db.selectFrom('accounts.wallet_key').selectAll().where('wallet_address_id', '=', sql<Id<'wadr'>>`any(${addressIds})`).orderBy('created_at').orderBy('kid').execute()
  }

  /** False when the person has no such key. */
  async deleteKey(personId: Id<'pers'>, id: Id<'key'>): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('accounts.wallet_key')
      .where('id', '=', id)
      .where('wallet_address_id', 'in', this.#db.selectFrom('accounts.wallet_address').select('id').where('person_id', '=', personId))
      .executeTakeFirst()
    return numDeletedRows > 0n
  }

  /** The sign-ins of a person that still hold, the latest first; at most `limit`. */
  async signInsKept(personId: Id<'pers'>, limit: number): Promise<readonly { readonly created_at: Date; readonly seen_at: Date | null; readonly expires_at: Date; readonly ip_address: string | null; readonly user_agent: string | null }[]> {
    return this.#db.selectFrom('accounts.session').select(['created_at', 'seen_at', 'expires_at', 'ip_address', 'user_agent']).where('person_id', '=', personId).orderBy('created_at', 'desc').limit(limit).execute()
  }

  /** From now on she is frozen and cannot sign in; every way in is gone. False when she had asked before. */
  beginErasure(id: Id<'pers'>, at: Date, reason: string): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('accounts.person')
        .set({ erasing_at: at, frozen_at: sql<Date>`coalesce(frozen_at, ${at})`, frozen_reason: sql<string>`coalesce(frozen_reason, ${reason})` })
        .where('id', '=', id)
        .where('erasing_at', 'is', null)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      for (const table of ['accounts.session', 'accounts.credential', 'accounts.passkey'] as const) await trx.deleteFrom(table).where('person_id', '=', id).execute()
      await trx.deleteFrom('accounts.wallet_key').where('wallet_address_id', 'in', trx.selectFrom('accounts.wallet_address').select('id').where('person_id', '=', id)).execute()
      return true
    })
  }

  /** Who asked to be forgotten and is not yet, the oldest first. */
  async erasing(limit: number): Promise<readonly { readonly id: Id<'pers'>; readonly sinceMs: number }[]> {
    const rows = await this.#db.selectFrom('accounts.person').select(['id', 'erasing_at']).where('erasing_at', 'is not', null).where('erased_at', 'is', null).orderBy('erasing_at').limit(limit).execute()
    return rows.map(({ id, erasing_at: at }) => ({ id, sinceMs: at?.getTime() ?? 0 }))
  }

  /** Takes name, e-mail and the names of wallet addresses away; nobody else ever gets the paths. Idempotent. @param last whether nothing more is to be forgotten */
  async anonymise(id: Id<'pers'>, { at, last }: { readonly at: Date; readonly last: boolean }): Promise<void> {
    await this.#db.transaction().execute(async (trx) => {
      const addresses = await trx.selectFrom('accounts.wallet_address').select(['id', 'path']).where('person_id', '=', id).forUpdate().execute()
      for (const address of addresses) {
        const path = anonymousPath(address.id)
        if (address.path === path) continue
        await trx.insertInto('accounts.retired_path').values({ path_hash: hashOfPath(address.path) }).onConflict((conflict) => conflict.doNothing()).execute()
        await trx.updateTable('accounts.wallet_address').set({ path, public_name: anonymousName }).where('id', '=', address.id).execute()
      }
      await trx
        .updateTable('accounts.person')
        .set({ name: anonymousName, email: `${id.toLowerCase()}@erased.invalid`, updated_at: at, ...(last && { erased_at: at }) })
        .where('id', '=', id)
        .where('erasing_at', 'is not', null)
        .execute()
      // A reset or confirmation that was under way.
      await sql`delete from accounts.verification where value like ${`%${id}%`}`.execute(trx)
    })
  }

  /** Sessions, and the challenges and tokens that nobody came back with. */
  async deleteExpired(before: Date): Promise<void> {
    await this.#db.deleteFrom('accounts.session').where('expires_at', '<', before).execute()
    await this.#db.deleteFrom('accounts.verification').where('expires_at', '<', before).execute()
    // From which addresses requests came: limits look at a minute.
    await this.#db.deleteFrom('accounts.rate_limit').where('last_request', '<', BigInt(before.getTime() - addressesKeptMs)).execute()
  }
}

/** What a person is called, and a wallet address of hers, once she was forgotten. */
const anonymousName = 'Erased'

/** Where a wallet address of somebody who was forgotten stands. It answers nobody. */
export function anonymousPath(id: Id<'wadr'>): string {
  return `erased-${id.slice('wadr_'.length).toLowerCase()}`
}

function hashOfPath(path: string): Buffer {
  return createHash('sha256').update(path).digest()
}

/** False when someone has the path, or had it and was forgotten. Looks after writing: a path is forgotten in the transaction that frees it. */
async function insertAddress(trx: Transaction<AccountsTables>, row: WalletAddressRow): Promise<boolean> {
  const inserted = await trx.insertInto('accounts.wallet_address').values(row).onConflict((conflict) => conflict.doNothing()).returning('id').executeTakeFirst()
  if (inserted === undefined) return false
  const retired = await trx.selectFrom('accounts.retired_path').select('path_hash').where('path_hash', '=', hashOfPath(row.path)).executeTakeFirst()
  if (retired !== undefined) await trx.deleteFrom('accounts.wallet_address').where('id', '=', row.id).execute()
  return retired === undefined
}
