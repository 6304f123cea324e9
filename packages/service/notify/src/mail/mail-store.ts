import { type Id, newId, type Seal } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import type { English, Language } from './language.ts'
import { type MailContent, type MailTemplate, render, type Rendered } from './templates.ts'

/** The caller's open transaction: a client of `pg`, or `{ query: (text, values) => tx.executeQuery(CompiledQuery.raw(text, values)) }` of a kysely transaction. */
export interface MailTransaction {
  query(text: string, values: unknown[]): Promise<unknown>
}

export type NewMail = MailContent & {
  /** Written twice under one key, sent once. */
  readonly key: string
  readonly to: string
  readonly language: Language
}

/** A whole mail, as it leaves. */
export interface Mail extends Rendered {
  readonly id: Id<'mail'>
  readonly to: string
}

export interface ClaimedMail {
  readonly mail: Mail
  /** This attempt included. */
  readonly attempts: number
  /** After it nobody wants the mail any more. */
  readonly endsAtMs: number
}

export interface MailOutcome {
  readonly status: 'waiting' | 'sent' | 'dead'
  readonly error: string | null
  readonly dueAtMs: number
  /** Whether the mailbox shows it from now on. */
  readonly keep: boolean
}

/** As the mailbox of the sandbox shows it. */
export interface KeptMail extends Mail {
  readonly template: string
  readonly createdAtMs: number
}

interface Row { id: Id<'mail'>; template: string; content_sealed: Buffer; attempts: number; created_at_ms: bigint; ends_at_ms: bigint }

/** What waits beyond it is not taken: nobody waits for ever for a server that does not come back. */
const waitingMax = 50_000
const hourMs = 3_600_000
/** As long as its link works, or as long as it is worth trying. */
const worthMs: Partial<Record<MailTemplate, number>> = { 'reset-password': hourMs, 'confirm-address': 24 * hourMs }
const worthMsUsual = 72 * hourMs

export class MailStore {
  readonly #pool: Postgres['pool']
  readonly #seal: Seal

  readonly #english: English | undefined

  constructor({ pool }: Postgres, seal: Seal, english?: English) {
    this.#pool = pool
    this.#seal = seal
    this.#english = english
  }

  /** Rendered and sealed now: what it holds is a secret until it is sent, and gone then. */
  async insert(transaction: MailTransaction, { key, to, language, ...content }: NewMail, nowMs: number): Promise<void> {
    const id = newId('mail', nowMs)
    const sealed = this.#seal.seal(Buffer.from(JSON.stringify({ to, ...render(content, language, this.#english) })), id)
    await transaction.query(
      `insert into notify.mail (id, key, template, content_sealed, due_at_ms, created_at_ms, ends_at_ms) select $1, $2, $3, $4, $5, $5, $6
        where (select count(*) from (select from notify.mail where status = 'waiting' limit ${waitingMax}) waiting) < ${waitingMax} on conflict (key) do nothing`,
      [id, key, content.template, sealed, nowMs, nowMs + (worthMs[content.template] ?? worthMsUsual)])
  }

  /** As `insert`, in a transaction of its own. */
  insertAlone(mail: NewMail, nowMs: number): Promise<void> {
    return this.insert({ query: (text, values) => this.#pool.query(text, values) }, mail, nowMs)
  }

  /** Until `leaseUntilMs` no other process takes them. */
  async claim({ nowMs, leaseUntilMs, limit }: { readonly nowMs: number; readonly leaseUntilMs: number; readonly limit: number }): Promise<readonly ClaimedMail[]> {
    const { rows } = await this.#pool.query<Row>(
      `update notify.mail set attempts = attempts + 1, due_at_ms = $2, tried_at_ms = $1
        where id in (select id from notify.mail where status = 'waiting' and due_at_ms <= $1 order by due_at_ms, id limit $3 for update skip locked)
        returning id, template, content_sealed, attempts, created_at_ms, ends_at_ms`,
      [nowMs, leaseUntilMs, limit])
    return rows.map((row) => ({ mail: this.#open(row), attempts: row.attempts, endsAtMs: Number(row.ends_at_ms) }))
  }

  /** Only while the attempt is still the last: whoever lost the lease says nothing. */
  async settle(id: Id<'mail'>, attempts: number, { status, error, dueAtMs, keep }: MailOutcome): Promise<void> {
    await this.#pool.query(
      `update notify.mail set status = $3, error = $4, due_at_ms = $5, content_sealed = case when $3 = 'waiting' or $6 then content_sealed end where id = $1 and attempts = $2 and status = 'waiting'`,
      [id, attempts, status, error, dueAtMs, keep])
  }

  /** Newest first. */
  async kept(limit: number): Promise<readonly KeptMail[]> {
    const { rows } = await this.#pool.query<Row>(
      `select id, template, content_sealed, attempts, created_at_ms, ends_at_ms from notify.mail where status = 'sent' and content_sealed is not null order by created_at_ms desc, id desc limit $1`, [limit])
    return rows.map((row) => ({ ...this.#open(row), template: row.template, createdAtMs: Number(row.created_at_ms) }))
  }

  /** Forgets those older than that which do not wait. */
  async forget(beforeMs: number): Promise<void> {
    await this.#pool.query(`delete from notify.mail where id in (select id from notify.mail where created_at_ms < $1 and status <> 'waiting' limit 1000)`, [beforeMs])
  }

  #open({ id, content_sealed }: Row): Mail {
    return { id, ...(JSON.parse(this.#seal.open(content_sealed, id).toString('utf8')) as Omit<Mail, 'id'>) }
  }
}
