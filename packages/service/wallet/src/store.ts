import type { Id } from '@rivulet/ids'
import { Batches, inTwoMessages, type Postgres, script, statement } from '@rivulet/postgres'
import { type Kysely, sql } from 'kysely'
import { type Challenge, type Connection, type UsageEntry, WalletFault } from './connection.ts'
import { reached } from './journey-store.ts'
import type { Pacing } from './pace.ts'

interface Tables {
  'wallet.challenge': { challenge: string; site: string; created_ms: bigint; expires_ms: bigint; redeemed_ms: bigint | null; token_hash: Buffer | null }
  'wallet.code': { code_hash: Buffer; challenge: string; person_id: string; created_ms: bigint; expires_ms: bigint; used_ms: bigint | null }
  'wallet.connection': {
    id: string
    person_id: string
    site: string
    created_ms: bigint
    revoked_ms: bigint | null
    blocked: boolean
    cap_per_month: bigint | null
    rate: bigint | null
  }
  'wallet.agent_token': { token_hash: Buffer; connection_id: string; created_ms: bigint }
  'wallet.setting': { person_id: string; paused: boolean; rate: bigint | null; pacing: Pacing | null }
  'wallet.usage': { person_id: string; site: string; payee: string; day: string; amount: bigint; attention_ms: bigint }
}

interface CodeRow {
  readonly code_hash: Buffer
  readonly challenge: string
  readonly person_id: string
  readonly used_ms: bigint | null
  readonly redeemed_ms: bigint | null
  readonly site: string
  readonly expires_ms: bigint
}

/** Her live connections, and those of them that are asked for. */
interface PersonRow {
  readonly person_id: string
  readonly connections: bigint
  readonly known: readonly string[]
}

interface ConnectionRow {
  readonly id: string
  readonly person_id: string
  readonly site: string
  readonly created_ms: bigint
  readonly blocked: boolean
  readonly cap_per_month: bigint | null
  readonly rate: bigint | null
}

/** Browsers that may hold a token of one connection; the oldest is forgotten first. */
const tokensPerConnectionMax = 20
const connectionsPerPersonMax = 2_000
const attentionAtOnceMax = 200
/** How long after their expiry challenges and codes are remembered, so that a late one is told apart from a wrong one. */
const forgetAfterMs = 3_600_000

/** What one payee got of a subscriber's attention on one day (UTC, `2026-01-31`), and its score in millionths of a point. */
export interface PayeeAttention {
  readonly day: string
  readonly payee: string
  readonly ms: number
  readonly score: bigint
}

/** What is kept of her reading: one line for a day, a site and a payee. */
export interface Usage extends PayeeAttention {
  /** Origin of the page, never more of its address. */
  readonly site: string
  /** Units that were paid. A statistic: what counts is in the ledger. */
  readonly amount: bigint
}

interface Times {
  readonly nowMs: number
  readonly expiresMs: number
}

interface AttentionAsked {
  readonly personId: string
  readonly from: string
  readonly to: string
}

export interface Redemption {
  readonly codeHash: Buffer
  readonly site: string
  /** What the verifier of the agent hashes to. */
  readonly challenge: string
  readonly tokenHash: Buffer
  readonly connectionId: Id<'conn'>
}

/** Codes under their locks: each is used once, also by two redemptions of one batch. */
class Codes {
  readonly #codes: ReadonlyMap<string, CodeRow>
  readonly #people: ReadonlyMap<string, { connections: bigint; readonly known: Set<string> }>
  readonly #nowMs: number
  readonly #used = new Set<string>()

  constructor(codes: readonly CodeRow[], people: readonly PersonRow[], nowMs: number) {
    this.#codes = new Map(codes.map((code) => [code.code_hash.toString('hex'), code]))
    const counted = new Map(people.map(({ person_id: id, connections, known }) => [id, { connections, known: new Set(known) }]))
    this.#people = new Map(codes.map(({ person_id: id }) => [id, counted.get(id) ?? { connections: 0n, known: new Set<string>() }]))
    this.#nowMs = nowMs
  }

  /** Whose code it is, or why it cannot be redeemed. */
  redeem({ codeHash, site, challenge }: Redemption): string | WalletFault {
    const key = codeHash.toString('hex')
    const code = this.#codes.get(key)
    if (code === undefined) return new WalletFault('code-unknown', 'this code was not given by this wallet: connect again')
    if (code.used_ms !== null || this.#used.has(key)) return new WalletFault('code-used', 'this code has been used: connect again')
    if (Number(code.expires_ms) <= this.#nowMs) return new WalletFault('code-expired', 'this code is too old: connect again')
    if (code.site !== site) return new WalletFault('site-mismatch', `this code is for ${code.site}, not for ${site}`)
    if (code.challenge !== challenge) return new WalletFault('verifier-mismatch', 'this code was asked for by another browser or page: connect again')
    if (code.redeemed_ms !== null || this.#used.has(challenge)) return new WalletFault('challenge-used', 'this challenge has been used: connect again')
    const person = this.#people.get(code.person_id)
    const known = person?.known.has(site) === true
    if (!known && (person?.connections ?? 0n) >= BigInt(connectionsPerPersonMax)) return new WalletFault('connections-too-many', `a wallet connects at most ${connectionsPerPersonMax} sites: disconnect some first`)
    if (!known && person !== undefined) {
      person.connections += 1n
      person.known.add(site)
    }
    this.#used.add(key).add(challenge)
    return code.person_id
  }
}

/** What a subscriber has chosen; undefined: as her plan says. */
export interface Setting {
  readonly paused: boolean
  /** Units a second. */
  readonly rate: bigint | undefined
  readonly pacing: Pacing | undefined
}

/** The wallet's own rows: challenges, codes, connections, settings, usage. Money is the ledger's. */
export class WalletStore {
  readonly #db: Kysely<Tables>
  readonly #pool: Postgres['pool']
  /** What is asked in the same turn is read together. */
  readonly #attention = new Batches((asked: readonly AttentionAsked[]) => this.#attentionOf(asked), attentionAtOnceMax)

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
    this.#pool = postgres.pool
  }

  /** Good until `expiresMs`. */
  async addChallenges(challenges: readonly { readonly challenge: string; readonly site: string }[], { nowMs, expiresMs }: Times): Promise<void> {
    await this.#pool.query(
      'insert into wallet.challenge (challenge, site, created_ms, expires_ms) select challenge, site, $3, $4 from unnest($1::text[], $2::text[]) as u(challenge, site)',
      [challenges.map(({ challenge }) => challenge), challenges.map(({ site }) => site), nowMs, expiresMs])
  }

  /** In the order of the question; undefined where there is none. */
  async challenges(asked: readonly string[]): Promise<readonly (Challenge | undefined)[]> {
    const rows = await this.#db.selectFrom('wallet.challenge').select(['challenge', 'site', 'expires_ms', 'redeemed_ms']).where('challenge', '=', sql<string>`any(${asked}::text[])`).execute()
    const found = new Map(rows.map(({ challenge, site, expires_ms: expiresMs, redeemed_ms: redeemedMs }) => [challenge, { challenge, site, expiresMs: Number(expiresMs), redeemed: redeemedMs !== null }]))
    return asked.map((challenge) => found.get(challenge))
  }

  /** Codes of challenges, good until `expiresMs`, and that their people were signed in and agreed, counted once for each challenge. */
  async addCodes(codes: readonly { readonly codeHash: Buffer; readonly challenge: string; readonly personId: string }[], { nowMs, expiresMs }: Times): Promise<void> {
    const challenges = codes.map(({ challenge }) => challenge)
    await script(this.#pool, [
      statement(
        'insert into wallet.code (code_hash, challenge, person_id, created_ms, expires_ms) select code_hash, challenge, person_id, $4, $5 from unnest($1::bytea[], $2::text[], $3::text[]) as u(code_hash, challenge, person_id)',
        [codes.map(({ codeHash }) => codeHash), challenges, codes.map(({ personId }) => personId), nowMs, expiresMs]),
      reached('signed-in', challenges, nowMs),
      reached('consented', challenges, nowMs),
    ])
  }

  /**
   * Uses up each code and its challenge and gives the connection of its person with its site one more token, all or nothing. Answers for each, in order, its connection, or the fault `code-unknown`,
   * `code-used`, `code-expired`, `site-mismatch`, `verifier-mismatch`, `challenge-used`, `connections-too-many`; then nothing of it has changed, and the others have.
   */
  async redeem(redemptions: readonly Redemption[], nowMs: number): Promise<readonly (Connection | WalletFault)[]> {
    const faults: (WalletFault | undefined)[] = []
    const written = await inTwoMessages(this.#pool, [
      statement(
        `select c.code_hash, c.challenge, c.person_id, c.used_ms, h.redeemed_ms, h.site, c.expires_ms from wallet.code c join wallet.challenge h on h.challenge = c.challenge
        where c.code_hash = any($1::bytea[]) order by c.code_hash for update`, [redemptions.map(({ codeHash }) => codeHash)]),
      // Two redemptions for the same site may race: the second finds the connection of the first when it writes.
      statement(
        `select person_id, count(*) as connections, coalesce(array_agg(site) filter (where site = any($2::text[])), '{}') as known from wallet.connection
        where person_id in (select person_id from wallet.code where code_hash = any($1::bytea[])) and revoked_ms is null group by person_id`, [redemptions.map(({ codeHash }) => codeHash), redemptions.map(({ site }) => site)]),
    ], ([codes, people]) => {
      const sitting = new Codes(codes as CodeRow[], people as PersonRow[], nowMs)
      const granted = redemptions.flatMap((redemption, index) => {
        const answer = sitting.redeem(redemption)
        if (!(answer instanceof WalletFault)) return [{ ...redemption, personId: answer, asked: index }]
        faults[index] = answer
        return []
      })
      if (granted.length === 0) return []
      const [tokens, persons, sites] = [granted.map(({ tokenHash }) => tokenHash), granted.map(({ personId }) => personId), granted.map(({ site }) => site)]
      const live = 'join wallet.connection c on c.person_id = u.person_id and c.site = u.site and c.revoked_ms is null'
      return [
        statement('update wallet.code set used_ms = $2 where code_hash = any($1::bytea[])', [granted.map(({ codeHash }) => codeHash), nowMs]),
        statement('update wallet.challenge h set redeemed_ms = $3, token_hash = u.token_hash from unnest($1::text[], $2::bytea[]) as u(challenge, token_hash) where h.challenge = u.challenge', [granted.map(({ challenge }) => challenge), tokens, nowMs]),
        statement(
          `insert into wallet.connection (id, person_id, site, created_ms, blocked) select id, person_id, site, $4, false from unnest($1::text[], $2::text[], $3::text[]) as u(id, person_id, site)
          order by person_id, site, id on conflict (person_id, site) where revoked_ms is null do nothing`, [granted.map(({ connectionId }) => connectionId), persons, sites, nowMs]),
        statement(`insert into wallet.agent_token (token_hash, connection_id, created_ms) select u.token_hash, c.id, $4 from unnest($1::bytea[], $2::text[], $3::text[]) as u(token_hash, person_id, site) ${live}`, [tokens, persons, sites, nowMs]),
        statement(
          `delete from wallet.agent_token where token_hash in (select token_hash from (
            select t.token_hash, row_number() over (partition by t.connection_id order by t.created_ms desc, t.token_hash) as place from wallet.agent_token t
            where t.connection_id in (select c.id from unnest($1::text[], $2::text[]) as u(person_id, site) ${live})) ranked where place > ${tokensPerConnectionMax})`, [persons, sites]),
        statement(`select u.asked, c.* from unnest($1::text[], $2::text[], $3::int4[]) as u(person_id, site, asked) ${live}`, [persons, sites, granted.map(({ asked }) => asked)]),
      ]
    })
    const connections = new Map(((written.at(-2) ?? []) as (ConnectionRow & { readonly asked: number })[]).map((row) => [row.asked, toConnection(row)]))
    return redemptions.map((_, index) => faults[index] ?? (connections.get(index) as Connection))
  }

  /** The live connections that these tokens belong to, each with the site it runs in; undefined where there is none. Found by their ids: whoever joins them by site reads all of the site's. */
  async connectionsOfTokens(asked: readonly { readonly tokenHash: Buffer; readonly site: string }[]): Promise<readonly (Connection | undefined)[]> {
    const { rows } = await this.#pool.query<ConnectionRow & { readonly asked: bigint }>({
      name: 'wallet-connections-of-tokens',
      text: `select w.asked, c.id, c.person_id, c.site, c.created_ms, c.blocked, c.cap_per_month, c.rate from unnest($1::bytea[], $2::text[]) with ordinality as w(token_hash, site, asked)
        join wallet.agent_token t on t.token_hash = w.token_hash
        cross join lateral (select * from wallet.connection where id = t.connection_id and revoked_ms is null offset 0) c where c.site = w.site`,
      values: [asked.map(({ tokenHash }) => tokenHash), asked.map(({ site }) => site)],
    })
    const found = new Map(rows.map((row) => [Number(row.asked), toConnection(row)]))
    return asked.map((_, index) => found.get(index + 1))
  }

  /** The newest first. */
  async connectionsOf(personId: string): Promise<readonly Connection[]> {
    const rows = await this.#db
      .selectFrom('wallet.connection')
      .selectAll()
      .where('person_id', '=', personId)
      .where('revoked_ms', 'is', null)
      .orderBy('created_ms', 'desc')
      .limit(connectionsPerPersonMax)
      .execute()
    return rows.map(toConnection)
  }

  /** All that are kept, also those that ended, the newest first; at most `limit`. */
  async connectionsKept(personId: string, limit: number): Promise<readonly object[]> {
    const rows = await this.#db.selectFrom('wallet.connection').selectAll().where('person_id', '=', personId).orderBy('created_ms', 'desc').limit(limit).execute()
    return rows.map(({ site, created_ms: createdMs, revoked_ms: revokedMs, blocked, cap_per_month: capPerMonth, rate }) => ({ site, createdMs, revokedMs, blocked, capPerMonth, rate }))
  }

  /** All of hers end, with their tokens: pages that are open stop being paid. */
  async revokeAll(personId: string, nowMs: number): Promise<void> {
    await this.#db.transaction().execute(async (tx) => {
      await tx.updateTable('wallet.connection').set({ revoked_ms: BigInt(nowMs) }).where('person_id', '=', personId).where('revoked_ms', 'is', null).execute()
      await tx.deleteFrom('wallet.agent_token').where('connection_id', 'in', tx.selectFrom('wallet.connection').select('id').where('person_id', '=', personId)).execute()
      await tx.deleteFrom('wallet.code').where('person_id', '=', personId).execute()
    })
  }

  /** Which sites were hers, how she read, and what she had set. Idempotent. */
  async forget(personId: string): Promise<void> {
    for (const table of ['wallet.code', 'wallet.connection', 'wallet.usage', 'wallet.setting'] as const) await this.#db.deleteFrom(table).where('person_id', '=', personId).execute()
  }

  /** Whether there was such a live connection. Its tokens end with it. */
  async revoke(personId: string, connectionId: string, nowMs: number): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('wallet.connection')
        .set({ revoked_ms: BigInt(nowMs) })
        .where('id', '=', connectionId)
        .where('person_id', '=', personId)
        .where('revoked_ms', 'is', null)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      await tx.deleteFrom('wallet.agent_token').where('connection_id', '=', connectionId).execute()
      return true
    })
  }

  /** Undefined when the person has no such live connection. */
  async changeConnection(personId: string, connectionId: string, change: Pick<Connection, 'blocked' | 'capPerMonth'> & { readonly rate?: bigint | null }): Promise<Connection | undefined> {
    const row = await this.#db
      .updateTable('wallet.connection')
      .set({ blocked: change.blocked, cap_per_month: change.capPerMonth ?? null, ...(change.rate !== undefined && { rate: change.rate }) })
      .where('id', '=', connectionId)
      .where('person_id', '=', personId)
      .where('revoked_ms', 'is', null)
      .returningAll()
      .executeTakeFirst()
    return row && toConnection(row)
  }

  /** Which of these connections live, as they are now. */
  async liveConnections(ids: readonly string[]): Promise<readonly Connection[]> {
    const rows = await this.#db
      .selectFrom('wallet.connection')
      .selectAll()
      .where('id', '=', sql<string>`any(${ids}::text[])`)
      .where('revoked_ms', 'is', null)
      .execute()
    return rows.map(toConnection)
  }

  /** What these people have set; who never set anything is missing. */
  async settingsOf(personIds: readonly string[]): Promise<ReadonlyMap<string, Setting>> {
    const rows = await this.#db.selectFrom('wallet.setting').selectAll().where('person_id', '=', sql<string>`any(${personIds}::text[])`).execute()
    return new Map(rows.map(({ person_id: personId, paused, rate, pacing }) => [personId, { paused, rate: rate ?? undefined, pacing: pacing ?? undefined }]))
  }

  async setPaused(personId: string, paused: boolean): Promise<void> {
    await this.#db
      .insertInto('wallet.setting')
      .values({ person_id: personId, paused, rate: null, pacing: null })
      .onConflict((conflict) => conflict.column('person_id').doUpdateSet({ paused }))
      .execute()
  }

  async setPace(personId: string, { rate, pacing }: Pick<Setting, 'rate' | 'pacing'>): Promise<void> {
    const pace = { rate: rate ?? null, pacing: pacing ?? null }
    await this.#db
      .insertInto('wallet.setting')
      .values({ person_id: personId, paused: false, ...pace })
      .onConflict((conflict) => conflict.column('person_id').doUpdateSet(pace))
      .execute()
  }

  /** How long each of these people has read since `day` (UTC), ms, and the first day of theirs in that time. */
  async readSince(personIds: readonly string[], day: string): Promise<ReadonlyMap<string, { readonly ms: number; readonly firstDay: string }>> {
    const { rows } = await sql<{ person_id: string; ms: bigint; first_day: string }>`
      select person_id, sum(attention_ms)::bigint as ms, min(day)::text as first_day from wallet.usage
      where person_id = any(${personIds}::text[]) and day >= ${day}::date group by person_id`.execute(this.#db)
    return new Map(rows.map((row) => [row.person_id, { ms: Number(row.ms), firstDay: row.first_day }]))
  }

  /** Adds to what each site and payee got on each day. One statement; the entries' keys must differ. */
  async addUsage(entries: readonly UsageEntry[]): Promise<void> {
    if (entries.length === 0) return
    const sorted = entries.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    await sql`
      insert into wallet.usage as u (person_id, site, payee, day, amount, attention_ms, score)
      select * from unnest(
        ${sorted.map(({ personId }) => personId)}::text[], ${sorted.map(({ site }) => site)}::text[], ${sorted.map(({ payee }) => payee)}::text[],
        ${sorted.map(({ day }) => day)}::date[], ${sorted.map(({ amount }) => amount.toString())}::bigint[],
        ${sorted.map(({ attentionMs }) => attentionMs.toString())}::bigint[], ${sorted.map(({ score }) => score.toString())}::bigint[])
      on conflict (person_id, day, site, payee) do update set amount = u.amount + excluded.amount, attention_ms = u.attention_ms + excluded.attention_ms, score = u.score + excluded.score
    `.execute(this.#db)
  }

  /** Units that each site got from this person since `day` (UTC, `2026-01-01`). */
  async usageSince(personId: string, day: string): Promise<readonly { readonly site: string; readonly amount: bigint; readonly attentionMs: bigint }[]> {
    const { rows } = await sql<{ site: string; amount: bigint; attention_ms: bigint }>`
      select site, sum(amount)::bigint as amount, sum(attention_ms)::bigint as attention_ms from wallet.usage
      where person_id = ${personId} and day >= ${day}::date group by site`.execute(this.#db)
    return rows.map((row) => ({ site: row.site, amount: row.amount, attentionMs: row.attention_ms }))
  }

  /** The same of several people. */
  async usagesSince(personIds: readonly string[], day: string): Promise<ReadonlyMap<string, readonly { readonly site: string; readonly amount: bigint; readonly attentionMs: bigint }[]>> {
    const { rows } = await sql<{ person_id: string; site: string; amount: bigint; attention_ms: bigint }>`
      select person_id, site, sum(amount)::bigint as amount, sum(attention_ms)::bigint as attention_ms from wallet.usage where person_id = any(${personIds}::text[]) and day >= ${day}::date group by person_id, site`.execute(this.#db)
    return Map.groupBy(rows.map(({ attention_ms: attentionMs, ...row }) => ({ ...row, attentionMs })), (row) => row.person_id)
  }

  /** How she read from one day (UTC) to another, the later first; at most `limit` lines. */
  async usageOf(personId: string, { from, to, limit }: { readonly from: string; readonly to: string; readonly limit: number }): Promise<readonly Usage[]> {
    const { rows } = await sql<{ day: string; site: string; payee: string; amount: bigint; attention_ms: bigint; score: bigint }>`
      select day::text as day, site, payee, amount, attention_ms, score from wallet.usage
      where person_id = ${personId} and day between ${from}::date and ${to}::date order by wallet.usage.day desc, site, payee limit ${limit}`.execute(this.#db)
    return rows.map(({ attention_ms: ms, ...row }) => ({ ...row, ms: Number(ms) }))
  }

  /** What each payee got of her attention on each of the days (UTC) from `from` to `to`, but on sites that she has blocked. */
  attentionOf(personId: string, from: string, to: string): Promise<readonly PayeeAttention[]> {
    return this.#attention.add({ personId, from, to })
  }

  async #attentionOf(asked: readonly AttentionAsked[]): Promise<readonly (readonly PayeeAttention[])[]> {
    const { rows } = await this.#pool.query<{ asked: bigint; day: string; payee: string; attention_ms: bigint; score: bigint }>(
      `select w.asked, u.day::text as day, u.payee, sum(u.attention_ms)::bigint as attention_ms, sum(u.score)::bigint as score
        from unnest($1::text[], $2::date[], $3::date[]) with ordinality as w(person_id, from_day, to_day, asked)
        join wallet.usage u on u.person_id = w.person_id and u.day between w.from_day and w.to_day and u.attention_ms > 0
        where not exists (select from wallet.connection as c where c.person_id = u.person_id and c.site = u.site and c.blocked and c.revoked_ms is null)
        group by w.asked, u.day, u.payee order by w.asked, u.day, u.payee`,
      [asked.map(({ personId }) => personId), asked.map(({ from }) => from), asked.map(({ to }) => to)])
    const found = Map.groupBy(rows, (row) => Number(row.asked))
    return asked.map((_, index) => (found.get(index + 1) ?? []).map(({ day, payee, attention_ms: ms, score }) => ({ day, payee, ms: Number(ms), score })))
  }

  /** Forgets challenges, and their codes, that expired more than an hour ago. */
  async sweep(nowMs: number): Promise<void> {
    await this.#db.deleteFrom('wallet.challenge').where('expires_ms', '<', BigInt(nowMs - forgetAfterMs)).execute()
  }
}

function toConnection(row: ConnectionRow): Connection {
  return {
    id: row.id as Id<'conn'>,
    personId: row.person_id as Id<'pers'>,
    site: row.site,
    createdMs: Number(row.created_ms),
    blocked: row.blocked,
    capPerMonth: row.cap_per_month ?? undefined,
    rate: row.rate ?? undefined,
  }
}

function keyOf(entry: UsageEntry): string {
  return `${entry.personId} ${entry.day} ${entry.site} ${entry.payee}`
}
