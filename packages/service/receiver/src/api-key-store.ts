import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { ApiKey, ApiKeyScope } from './api-keys/api-key.ts'

interface Tables {
  'receiver.api_key': {
    id: Id<'apik'>
    person_id: Id<'pers'>
    name: string
    start: string
    hash: Buffer
    scopes: ApiKeyScope[]
    created_at_ms: bigint
    used_at_ms: bigint | null
    revoked_at_ms: bigint | null
  }
}

/** The keys of publishers' servers; revoked ones are kept, so that she sees what there was. */
export class ApiKeyStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  /** Newest first. */
  async ofPerson(personId: Id<'pers'>, limit: number): Promise<readonly ApiKey[]> {
    return (await this.#db.selectFrom('receiver.api_key').selectAll().where('person_id', '=', personId).orderBy(sql`revoked_at_ms is not null`).orderBy('id', 'desc').limit(limit).execute()).map(apiKeyOf)
  }

  /** False when the person has `keysMax` that are not revoked. */
  insert(key: ApiKey, hash: Buffer, keysMax: number): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      // The lock orders concurrent inserts of one person, so that the limit holds.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`receiver.api_key ${key.personId}`}, 0))`.execute(trx)
      const live = await trx.selectFrom('receiver.api_key').select('id').where('person_id', '=', key.personId).where('revoked_at_ms', 'is', null).execute()
      if (live.length >= keysMax) return false
      const { id, personId, name, start, scopes, createdAtMs } = key
      await trx.insertInto('receiver.api_key').values({ id, person_id: personId, name, start, hash, scopes: [...scopes], created_at_ms: BigInt(createdAtMs) }).execute()
      return true
    })
  }

  /** One that is revoked is not found. */
  async byHash(hash: Buffer): Promise<ApiKey | undefined> {
    const row = await this.#db.selectFrom('receiver.api_key').selectAll().where('hash', '=', hash).where('revoked_at_ms', 'is', null).executeTakeFirst()
    return row && apiKeyOf(row)
  }

  /** Not more than once in `everyMs`. */
  async used(id: Id<'apik'>, nowMs: number, everyMs: number): Promise<void> {
    await this.#db.updateTable('receiver.api_key').set({ used_at_ms: BigInt(nowMs) }).where('id', '=', id).where((is) => is.or([is('used_at_ms', 'is', null), is('used_at_ms', '<=', BigInt(nowMs - everyMs))])).execute()
  }

  /** False when the person has no such key, or has revoked it already. */
  async revoke(personId: Id<'pers'>, id: Id<'apik'>, nowMs: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db.updateTable('receiver.api_key').set({ revoked_at_ms: BigInt(nowMs) }).where('id', '=', id).where('person_id', '=', personId).where('revoked_at_ms', 'is', null).executeTakeFirst()
    return numUpdatedRows > 0n
  }
}

function apiKeyOf(row: Selectable<Tables['receiver.api_key']>): ApiKey {
  const { id, person_id: personId, name, start, scopes } = row
  return { id, personId, name, start, scopes, createdAtMs: Number(row.created_at_ms), usedAtMs: row.used_at_ms === null ? undefined : Number(row.used_at_ms), revokedAtMs: row.revoked_at_ms === null ? undefined : Number(row.revoked_at_ms) }
}
