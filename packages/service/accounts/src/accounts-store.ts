import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { Role } from './types.ts'

export interface AccountsTables {
  'accounts.person': {
    id: Id<'pers'>
    role: Role
    email: string
    name: string
    created_at: Date
    updated_at: Date
    provisioned_at: Date | null
  }
  'accounts.credential': { id: string; person_id: Id<'pers'>; provider_id: string; account_id: string; password: string; created_at: Date; updated_at: Date }
  'accounts.session': { expires_at: Date }
  'accounts.wallet_address': {
    id: Id<'wadr'>
    person_id: Id<'pers'>
    path: string
    public_name: string
    asset_code: string
    asset_scale: number
    ledger_account_id: Id<'acct'>
    created_at: Date
  }
  'accounts.client_key': { person_id: Id<'pers'>; kid: string; x: string; created_at: Date }
}

type PersonRow = Pick<Selectable<AccountsTables['accounts.person']>, 'id' | 'role' | 'email' | 'name' | 'provisioned_at'>
export type WalletAddressRow = Selectable<AccountsTables['accounts.wallet_address']>
/** A person with the wallet address, whose columns are null for who has none. */
export type PersonWithAddressRow = PersonRow & {
  [Column in 'path' | 'public_name' | 'asset_code' | 'asset_scale' | 'ledger_account_id']: WalletAddressRow[Column] | null
} & { wallet_address_id: Id<'wadr'> | null }

/** The rows of people, wallet addresses and client keys. Sessions and passwords are better-auth's. */
export class AccountsStore {
  readonly #db: Kysely<AccountsTables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<AccountsTables>()
  }

  #people() {
    return this.#db
      .selectFrom('accounts.person as p')
      .leftJoin('accounts.wallet_address as w', 'w.person_id', 'p.id')
      .select(['p.id', 'p.role', 'p.email', 'p.name', 'p.provisioned_at', 'w.id as wallet_address_id', 'w.path', 'w.public_name', 'w.asset_code', 'w.asset_scale', 'w.ledger_account_id'])
  }

  personById(id: Id<'pers'>): Promise<PersonWithAddressRow | undefined> {
    return this.#people().where('p.id', '=', id).executeTakeFirst()
  }

  personByEmail(role: Role, email: string): Promise<PersonWithAddressRow | undefined> {
    return this.#people().where('p.role', '=', role).where('p.email', '=', email).executeTakeFirst()
  }

  personByPath(path: string): Promise<PersonWithAddressRow | undefined> {
    return this.#people().where('w.path', '=', path).executeTakeFirst()
  }

  /** At most two: enough to tell that a name is not unique. */
  peopleByEmailOrName(text: string): Promise<PersonWithAddressRow[]> {
    return this.#people()
      .where((where) => where.or([where('p.email', '=', text.toLowerCase()), where(sql<string>`lower(p.name)`, '=', text.toLowerCase())]))
      .orderBy('p.id')
      .limit(2)
      .execute()
  }

  people(role: Role, limit: number): Promise<PersonWithAddressRow[]> {
    return this.#people().where('p.role', '=', role).orderBy('p.id').limit(limit).execute()
  }

  /** Person and password in one transaction. False when the e-mail is taken in this role. */
  insertPerson(person: { readonly id: Id<'pers'>; readonly role: Role; readonly email: string; readonly name: string; readonly passwordHash: string; readonly at: Date }): Promise<boolean> {
    const { passwordHash, at, ...columns } = person
    return this.#db.transaction().execute(async (trx) => {
      const inserted = await trx
        .insertInto('accounts.person')
        .values({ ...columns, created_at: at, updated_at: at, provisioned_at: null })
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

  /** False when the person has a wallet address already, or another one has the path. */
  async insertWalletAddress(row: WalletAddressRow): Promise<boolean> {
    const inserted = await this.#db.insertInto('accounts.wallet_address').values(row).onConflict((conflict) => conflict.doNothing()).returning('id').executeTakeFirst()
    return inserted !== undefined
  }

  async markProvisioned(id: Id<'pers'>, at: Date): Promise<void> {
    await this.#db.updateTable('accounts.person').set({ provisioned_at: at }).where('id', '=', id).execute()
  }

  /** Inserts the key, or returns the one that already has this kid. `full` when the person has `keysMax` others. */
  insertKey(key: { readonly person_id: Id<'pers'>; readonly kid: string; readonly x: string; readonly created_at: Date }, keysMax: number): Promise<'inserted' | 'full' | { readonly x: string }> {
    return this.#db.transaction().execute(async (trx) => {
      // The lock on the person orders concurrent inserts, so that the limit holds.
      await trx.selectFrom('accounts.person').select('id').where('id', '=', key.person_id).forUpdate().execute()
      const keys = await trx.selectFrom('accounts.client_key').select(['kid', 'x']).where('person_id', '=', key.person_id).execute()
      const same = keys.find(({ kid }) => kid === key.kid)
      if (same !== undefined) return same
      if (keys.length >= keysMax) return 'full'
      await trx.insertInto('accounts.client_key').values(key).execute()
      return 'inserted'
    })
  }

  keys(personId: Id<'pers'>): Promise<{ kid: string; x: string }[]> {
    return this.#db.selectFrom('accounts.client_key').select(['kid', 'x']).where('person_id', '=', personId).orderBy('created_at').orderBy('kid').execute()
  }

  async deleteExpiredSessions(before: Date): Promise<void> {
    await this.#db.deleteFrom('accounts.session').where('expires_at', '<', before).execute()
  }
}
