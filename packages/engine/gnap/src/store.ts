import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type ColumnType, type Kysely, type Selectable, sql, type Transaction, type Updateable } from 'kysely'
import type { Access } from './access.ts'
import type { GrantState } from './grant.ts'

type Milliseconds = ColumnType<bigint, number, number>
type MillisecondsOrNone = ColumnType<bigint | null, number | null, number | null>

interface GnapTables {
  'gnap.grant': {
    id: Id<'grnt'>
    server: Server
    state: GrantState
    interactive: boolean
    client: string
    client_name: string | null
    key_id: string
    key_x: string | null
    access: ColumnType<readonly Access[], string, string>
    subject: string | null
    person_id: Id<'pers'> | null
    continue_hash: Buffer
    poll_after_ms: Milliseconds
    interaction_id: Id<'intr'> | null
    nonce_hash: Buffer | null
    finish_uri: string | null
    finish_nonce: string | null
    server_nonce: string | null
    reference_hash: Buffer | null
    created_ms: Milliseconds
    expires_ms: MillisecondsOrNone
    ended_ms: MillisecondsOrNone
  }
  'gnap.token': {
    id: Id<'tokn'>
    grant_id: Id<'grnt'>
    token_hash: Buffer
    created_ms: Milliseconds
    expires_ms: Milliseconds
    ended_ms: MillisecondsOrNone
  }
}

export type Server = 'wallet' | 'receiver'
export type GrantRow = Selectable<GnapTables['gnap.grant']>
export type TokenRow = Selectable<GnapTables['gnap.token']>
export type GrantChanges = Updateable<GnapTables['gnap.grant']>

export interface TokenWithGrant {
  readonly token: Pick<TokenRow, 'expires_ms' | 'ended_ms'>
  readonly grant: GrantRow
}

export interface NewGrant {
  readonly id: Id<'grnt'>
  readonly state: 'asked' | 'issued'
  readonly client: string
  readonly clientName: string | undefined
  readonly keyId: string
  readonly keyX: string | undefined
  readonly access: readonly Access[]
  readonly subject: string | undefined
  readonly continueHash: Buffer
  readonly pollAfterMs: number
  readonly interaction: { readonly id: Id<'intr'>; readonly nonceHash: Buffer; readonly serverNonce: string; readonly finish: { readonly uri: string; readonly nonce: string } | undefined } | undefined
  readonly createdMs: number
  readonly expiresMs: number
}

export interface NewToken {
  readonly id: Id<'tokn'>
  readonly grantId: Id<'grnt'>
  readonly hash: Buffer
  readonly createdMs: number
  readonly expiresMs: number
}

/** Which of a person's grants, and behind which one of that list. */
export interface GrantPage {
  readonly personId: Id<'pers'>
  readonly past: boolean
  readonly after: Id<'grnt'> | undefined
}

const rowsPerCleaningMax = 10_000

/** Grants and tokens of one auth server. */
export class GnapStore {
  readonly #db: Kysely<GnapTables>
  readonly #server: Server

  constructor(postgres: Postgres, server: Server) {
    this.#db = postgres.kysely<GnapTables>()
    this.#server = server
  }

  /** A grant, and the token of one that is issued at once. */
  async insertGrant(grant: NewGrant, token: NewToken | undefined): Promise<void> {
    const { interaction } = grant
    await this.#db.transaction().execute(async (trx) => {
      await trx
        .insertInto('gnap.grant')
        .values({
          id: grant.id, server: this.#server, state: grant.state, interactive: interaction !== undefined, client: grant.client, client_name: grant.clientName ?? null, key_id: grant.keyId, key_x: grant.keyX ?? null,
          access: JSON.stringify(grant.access), subject: grant.subject ?? null, person_id: null, continue_hash: grant.continueHash, poll_after_ms: grant.pollAfterMs, interaction_id: interaction?.id ?? null,
          nonce_hash: interaction?.nonceHash ?? null, finish_uri: interaction?.finish?.uri ?? null, finish_nonce: interaction?.finish?.nonce ?? null, server_nonce: interaction?.serverNonce ?? null,
          reference_hash: null, created_ms: grant.createdMs, expires_ms: grant.expiresMs, ended_ms: null,
        })
        .execute()
      if (token !== undefined) await insertToken(trx, token)
    })
  }

  /** Tokens by their hashes in hex, each with its grant. One statement for many, since every call to the resource server asks. */
  async tokensWithGrants(hashes: readonly Buffer[]): Promise<ReadonlyMap<string, TokenWithGrant>> {
    const rows = await this.#db
      .selectFrom('gnap.token as t')
      .innerJoin('gnap.grant as g', 'g.id', 't.grant_id')
      .selectAll('g')
      .select(['t.token_hash', 't.expires_ms as token_expires_ms', 't.ended_ms as token_ended_ms'])
      .where('t.token_hash', '=', sql<Buffer>`any(${hashes}::bytea[])`)
      .where('g.server', '=', this.#server)
      .execute()
    return new Map(rows.map((row) => [row.token_hash.toString('hex'), { token: { expires_ms: row.token_expires_ms, ended_ms: row.token_ended_ms }, grant: row }]))
  }

  async tokenById(id: Id<'tokn'>): Promise<{ readonly token: TokenRow; readonly grant: GrantRow } | undefined> {
    const token = await this.#db.selectFrom('gnap.token').selectAll().where('id', '=', id).executeTakeFirst()
    const grant = token === undefined ? undefined : await this.grantById(token.grant_id)
    return token === undefined || grant === undefined ? undefined : { token, grant }
  }

  grantById(id: Id<'grnt'>): Promise<GrantRow | undefined> {
    return this.#grants().where('id', '=', id).executeTakeFirst()
  }

  grantByInteraction(id: Id<'intr'>): Promise<GrantRow | undefined> {
    return this.#grants().where('interaction_id', '=', id).executeTakeFirst()
  }

  /** Newest first: those that a person has agreed to and that live at `nowMs`, or those that are over. */
  grantsOf({ personId, past, after }: GrantPage, nowMs: number, limit: number): Promise<GrantRow[]> {
    const whether = past ? sql<boolean>`(state = 'ended' or expires_ms <= ${nowMs})` : sql<boolean>`(state in ('accepted', 'issued') and (expires_ms is null or expires_ms > ${nowMs}))`
    let query = this.#grants().where('person_id', '=', personId).where(whether)
    if (after !== undefined) query = query.where('id', '<', after)
    return query.orderBy('id', 'desc').limit(limit).execute()
  }

  /**
   * Changes a grant under its row's lock: `decide` sees it as it is and says what becomes of it, or throws and nothing changes. A `token` given replaces
   * the one that lives; a grant that ends takes its token along.
   */
  changeGrant<Result>(id: Id<'grnt'>, decide: (row: GrantRow) => { readonly changes: GrantChanges; readonly token?: NewToken; readonly result: Result }): Promise<Result | undefined> {
    return this.#db.transaction().execute(async (trx) => {
      const row = await trx.selectFrom('gnap.grant').selectAll().where('id', '=', id).where('server', '=', this.#server).forUpdate().executeTakeFirst()
      if (row === undefined) return undefined
      const { changes, token, result } = decide(row)
      if (Object.keys(changes).length > 0) await trx.updateTable('gnap.grant').set(changes).where('id', '=', id).execute()
      if (token !== undefined) await insertToken(trx, token)
      return result
    })
  }

  /** Puts `token` in the place of the live one that `id` names. False when that lives no more. */
  replaceToken(id: Id<'tokn'>, token: NewToken): Promise<boolean> {
    return this.#db.transaction().execute(async (trx) => {
      const ended = await endToken(trx, id, token.createdMs)
      if (ended) await insertToken(trx, token)
      return ended
    })
  }

  async endToken(id: Id<'tokn'>, nowMs: number): Promise<void> {
    await endToken(this.#db, id, nowMs)
  }

  /** Forgets what has been over since `beforeMs`, of what people agreed to since `peoplesBeforeMs`; at most 10,000 rows of each kind. */
  async clean(beforeMs: number, peoplesBeforeMs: number): Promise<void> {
    const over = sql`case when person_id is null then ${beforeMs}::int8 else ${peoplesBeforeMs}::int8 end`
    for (const statement of [
      sql`delete from gnap."grant" where id in (select id from gnap."grant" where expires_ms < ${beforeMs} and expires_ms < ${over} limit ${rowsPerCleaningMax})`,
      sql`delete from gnap."grant" where id in (select id from gnap."grant" where ended_ms < ${beforeMs} and ended_ms < ${over} limit ${rowsPerCleaningMax})`,
      sql`delete from gnap.token where id in (select id from gnap.token where ended_ms < ${beforeMs} limit ${rowsPerCleaningMax})`,
    ]) await statement.execute(this.#db)
  }

  /** What she agreed to, what was asked of her, and her name as a client of others. */
  async forget(personId: Id<'pers'>, addresses: readonly { readonly url: string; readonly anonymousUrl: string }[]): Promise<void> {
    await this.#db.deleteFrom('gnap.grant').where('person_id', '=', personId).execute()
    for (const { url, anonymousUrl } of addresses) {
      await this.#db.deleteFrom('gnap.grant').where((where) => where.or([where('subject', '=', url), sql<boolean>`access @> ${JSON.stringify([{ identifier: url }])}::jsonb`])).execute()
      await this.#db.updateTable('gnap.grant').set({ client: anonymousUrl, client_name: null }).where('client', '=', url).execute()
    }
  }

  #grants() {
    return this.#db.selectFrom('gnap.grant').selectAll().where('server', '=', this.#server)
  }
}

async function insertToken(trx: Transaction<GnapTables>, { id, grantId, hash, createdMs, expiresMs }: NewToken): Promise<void> {
  await trx.insertInto('gnap.token').values({ id, grant_id: grantId, token_hash: hash, created_ms: createdMs, expires_ms: expiresMs, ended_ms: null }).execute()
}

async function endToken(db: Kysely<GnapTables>, id: Id<'tokn'>, nowMs: number): Promise<boolean> {
  const { numUpdatedRows } = await db.updateTable('gnap.token').set({ ended_ms: nowMs }).where('id', '=', id).where('ended_ms', 'is', null).executeTakeFirst()
  return numUpdatedRows > 0n
}
