import type { Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Kysely, type Selectable, sql } from 'kysely'
import type { Findings, Proof, Site } from './sites/site.ts'

interface Tables {
  'receiver.site': {
    id: Id<'site'>
    person_id: Id<'pers'>
    origin: string
    token: string
    created_at_ms: bigint
    state: Proof['state']
    method: 'dns' | 'file' | null
    proven_since_ms: bigint | null
    found_at_ms: bigint | null
    lost_at_ms: bigint | null
    misses: number
    checked_at_ms: bigint | null
    finding_dns: Findings['dns'] | null
    finding_file: Findings['file'] | null
    next_check_at_ms: bigint | null
  }
}

/** The sites of publishers. */
export class SiteStore {
  readonly #db: Kysely<Tables>

  constructor(postgres: Postgres) {
    this.#db = postgres.kysely<Tables>()
  }

  /** By name. */
  async ofPerson(personId: Id<'pers'>): Promise<readonly Site[]> {
    return (await this.#db.selectFrom('receiver.site').selectAll().where('person_id', '=', personId).orderBy('origin').execute()).map(siteOf)
  }

  async get(personId: Id<'pers'>, id: Id<'site'>): Promise<Site | undefined> {
    const row = await this.#db.selectFrom('receiver.site').selectAll().where('id', '=', id).where('person_id', '=', personId).executeTakeFirst()
    return row && siteOf(row)
  }

  /** `full` when the person has `sitesMax`, `known` when she has this one. */
  insert(site: Site, sitesMax: number): Promise<'inserted' | 'full' | 'known'> {
    return this.#db.transaction().execute(async (trx) => {
      // The lock orders concurrent inserts of one person, so that the limit holds.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`receiver.site ${site.personId}`}, 0))`.execute(trx)
      const origins = await trx.selectFrom('receiver.site').select('origin').where('person_id', '=', site.personId).execute()
      if (origins.some(({ origin }) => origin === site.origin)) return 'known'
      if (origins.length >= sitesMax) return 'full'
      await trx.insertInto('receiver.site').values({ id: site.id, person_id: site.personId, origin: site.origin, token: site.token, created_at_ms: BigInt(site.createdAtMs), ...columnsOf(site) }).execute()
      return 'inserted'
    })
  }

  async remove(personId: Id<'pers'>, id: Id<'site'>): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom('receiver.site').where('id', '=', id).where('person_id', '=', personId).executeTakeFirst()
    return numDeletedRows > 0n
  }

  /** Writes what a look gave, unless another look was written since `proof` was read or the site is gone. Returns whether it was written. */
  async writeProof(id: Id<'site'>, before: Proof, after: Proof): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable('receiver.site')
      .set(columnsOf(after))
      .where('id', '=', id)
      .where('checked_at_ms', 'is not distinct from', bigintOf(before.checkedAtMs))
      .executeTakeFirst()
    return numUpdatedRows > 0n
  }

  /** Takes sites whose look is due; until `untilMs` no other process is handed them. */
  async claimDue(nowMs: number, untilMs: number, limit: number): Promise<readonly Site[]> {
    const due = this.#db.selectFrom('receiver.site').select('id').where('next_check_at_ms', '<=', BigInt(nowMs)).orderBy('next_check_at_ms').limit(limit).forUpdate().skipLocked()
    return (await this.#db.updateTable('receiver.site').set({ next_check_at_ms: BigInt(untilMs) }).where('id', 'in', due).returningAll().execute()).map(siteOf)
  }
}

function columnsOf(proof: Proof) {
  return {
    state: proof.state, method: proof.method ?? null, proven_since_ms: bigintOf(proof.provenSinceMs), found_at_ms: bigintOf(proof.foundAtMs), lost_at_ms: bigintOf(proof.lostAtMs), misses: proof.misses,
    checked_at_ms: bigintOf(proof.checkedAtMs), finding_dns: proof.findings?.dns ?? null, finding_file: proof.findings?.file ?? null, next_check_at_ms: bigintOf(proof.nextCheckAtMs),
  }
}

function siteOf(row: Selectable<Tables['receiver.site']>): Site {
  const { finding_dns: dns, finding_file: file } = row
  return {
    id: row.id, personId: row.person_id, origin: row.origin, token: row.token, createdAtMs: Number(row.created_at_ms), state: row.state, method: row.method ?? undefined, provenSinceMs: numberOf(row.proven_since_ms),
    foundAtMs: numberOf(row.found_at_ms), lostAtMs: numberOf(row.lost_at_ms), misses: row.misses, checkedAtMs: numberOf(row.checked_at_ms), findings: dns === null || file === null ? undefined : { dns, file },
    nextCheckAtMs: numberOf(row.next_check_at_ms),
  }
}

function bigintOf(ms: number | undefined): bigint | null {
  return ms === undefined ? null : BigInt(ms)
}

function numberOf(ms: bigint | null): number | undefined {
  return ms === null ? undefined : Number(ms)
}
