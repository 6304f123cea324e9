import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { Role } from './types.ts'

interface SignInsTables {
  'accounts.session': { id: string; person_id: Id<'pers'>; ip_address: string | null; user_agent: string | null; created_at: Date; expires_at: Date; seen_at: Date | null }
  'accounts.passkey': {
    id: Id<'pkey'>
    person_id: Id<'pers'>
    credential_id: string
    public_key: Buffer
    counter: bigint
    transports: string
    synced: boolean
    name: string
    created_at: Date
    used_at: Date | null
  }
  'accounts.attempt': { key: string; count: number; since: Date }
}

type SessionRow = Selectable<SignInsTables['accounts.session']>
export type PasskeyRow = Selectable<SignInsTables['accounts.passkey']>

/** The rows of where people are signed in, of their passkeys, and of attempts to sign in. */
export class SignInsStore {
  readonly #db: Kysely<SignInsTables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<SignInsTables>()
  }

  /** The latest first, at most `limit`. */
  sessions(personId: Id<'pers'>, now: Date, limit: number): Promise<SessionRow[]> {
    return this.#db.selectFrom('accounts.session').select(['id', 'person_id', 'ip_address', 'user_agent', 'created_at', 'expires_at', 'seen_at']).where('person_id', '=', personId).where('expires_at', '>', now)
      .orderBy(sql`coalesce(seen_at, created_at)`, 'desc').orderBy('id').limit(limit).execute()
  }

  async seen(sessionId: string, at: Date): Promise<void> {
    await this.#db.updateTable('accounts.session').set({ seen_at: at }).where('id', '=', sessionId).execute()
  }

  /** False when the person has no such session. */
  async endSession(personId: Id<'pers'>, sessionId: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('accounts.session').where('person_id', '=', personId).where('id', '=', sessionId).executeTakeFirst()
    return numDeletedRows > 0n
  }

  /** How many ended. */
  async endSessionsBut(personId: Id<'pers'>, sessionId: string): Promise<number> {
    const { numDeletedRows } = await this.#db.deleteFrom('accounts.session').where('person_id', '=', personId).where('id', '<>', sessionId).executeTakeFirst()
    return Number(numDeletedRows)
  }

  passkeys(personId: Id<'pers'>): Promise<PasskeyRow[]> {
    return this.#db.selectFrom('accounts.passkey').selectAll().where('person_id', '=', personId).orderBy('created_at').orderBy('id').execute()
  }

  /** Only of a person of this role: doors of one host share their passkeys. */
  passkeyByCredential(role: Role, credentialId: string): Promise<PasskeyRow | undefined> {
    return this.#db
      .selectFrom('accounts.passkey')
      .selectAll()
      .where('credential_id', '=', credentialId)
      .where('person_id', 'in', sql<Id<'pers'>>`(select id from accounts.person where role = ${role})`)
      .executeTakeFirst()
  }

  /** `full` when the person has `passkeysMax` others, `taken` when somebody has registered this one. */
  insertPasskey(row: PasskeyRow, passkeysMax: number): Promise<'inserted' | 'full' | 'taken'> {
    return this.#db.transaction().execute(async (trx) => {
      // The lock on the person orders concurrent inserts, so that the limit holds.
      await sql`select id from accounts.person where id = ${row.person_id} for update`.execute(trx)
      const { count } = await trx.selectFrom('accounts.passkey').select((where) => where.fn.countAll<bigint>().as('count')).where('person_id', '=', row.person_id).executeTakeFirstOrThrow()
      if (Number(count) >= passkeysMax) return 'full'
      const inserted = await trx.insertInto('accounts.passkey').values(row).onConflict((conflict) => conflict.column('credential_id').doNothing()).returning('id').executeTakeFirst()
      return inserted === undefined ? 'taken' : 'inserted'
    })
  }

  async passkeyUsed(id: Id<'pkey'>, counter: bigint, at: Date): Promise<void> {
    await this.#db.updateTable('accounts.passkey').set({ counter, used_at: at }).where('id', '=', id).execute()
  }

  /** False when the person has no such passkey. */
  async renamePasskey(personId: Id<'pers'>, id: Id<'pkey'>, name: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db.updateTable('accounts.passkey').set({ name }).where('person_id', '=', personId).where('id', '=', id).executeTakeFirst()
    return numUpdatedRows > 0n
  }

  /** False when the person has no such passkey. */
  async deletePasskey(personId: Id<'pers'>, id: Id<'pkey'>): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('accounts.passkey').where('person_id', '=', personId).where('id', '=', id).executeTakeFirst()
    return numDeletedRows > 0n
  }

  /** Counts one more attempt, and says how many there were since the window began; one that began before `windowFrom` begins anew. */
  async attempt(key: string, now: Date, windowFrom: Date): Promise<number> {
    const { count } = await this.#db
      .insertInto('accounts.attempt')
      .values({ key, count: 1, since: now })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({
          count: sql<number>`case when accounts.attempt.since < ${windowFrom} then 1 else accounts.attempt.count + 1 end`,
          since: sql<Date>`case when accounts.attempt.since < ${windowFrom} then ${now} else accounts.attempt.since end`,
        }),
      )
      .returning('count')
      .executeTakeFirstOrThrow()
    return count
  }

  async forgetAttempts(key: string): Promise<void> {
    await this.#db.deleteFrom('accounts.attempt').where('key', '=', key).execute()
  }

  async deleteAttemptsBefore(at: Date): Promise<void> {
    await this.#db.deleteFrom('accounts.attempt').where('since', '<', at).execute()
  }
}
