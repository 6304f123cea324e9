import { type Action, recordAction } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import { inTransaction, type Postgres } from '@rivulet/postgres'

export interface Correction {
  readonly id: Id<'corr'>
  readonly debitAccountId: Id<'acct'>
  readonly creditAccountId: Id<'acct'>
  /** Units of the asset that both accounts share. */
  readonly amount: bigint
  readonly reason: string
  readonly proposedBy: string
  readonly proposedMs: number
  /** `approved`: the transfer is about to be posted; `failed`: the ledger refused it. */
  readonly status: 'proposed' | 'approved' | 'posted' | 'declined' | 'failed'
  readonly decidedBy: string | undefined
  readonly transferId: string | undefined
  /** Why it was declined, or what the ledger said. */
  readonly note: string | undefined
}

interface Row {
  readonly id: Id<'corr'>
  readonly debit_account_id: Id<'acct'>
  readonly credit_account_id: Id<'acct'>
  readonly amount: bigint
  readonly reason: string
  readonly proposed_by: string
  readonly proposed_ms: bigint
  readonly status: Correction['status']
  readonly decided_by: string | null
  readonly transfer_id: string | null
  readonly note: string | null
}

interface Change {
  readonly set: Pick<Correction, 'status'> & Partial<Pick<Correction, 'decidedBy' | 'transferId' | 'note'>>
  readonly action: Action
}

export class CorrectionStore {
  readonly #pool: Postgres['pool']

  /** With `operatorMigrations` and `auditMigrations` applied. */
  constructor({ pool }: Postgres) {
    this.#pool = pool
  }

  insert({ id, debitAccountId, creditAccountId, amount, reason, proposedBy, proposedMs }: Correction, action: Action): Promise<void> {
    return inTransaction(this.#pool, async (client) => {
      await client.query(
        `insert into operator.corrections (id, debit_account_id, credit_account_id, amount, reason, proposed_by, proposed_ms, status) values ($1, $2, $3, $4, $5, $6, $7, 'proposed')`,
        [id, debitAccountId, creditAccountId, amount, reason, proposedBy, proposedMs])
      await recordAction(client, action, proposedMs)
    })
  }

  /** Lets `decide` look at it under its lock, and writes what it answers with the action. Undefined when there is none. */
  change(id: string, nowMs: number, decide: (correction: Correction) => Change | undefined): Promise<Correction | undefined> {
    return inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<Row>('select * from operator.corrections where id = $1 for update', [id])
      const row = rows[0]
      if (row === undefined) return undefined
      const before = correctionOf(row)
      const change = decide(before)
      if (change === undefined) return before
      const after = { ...before, ...change.set }
      await client.query('update operator.corrections set status = $2, decided_by = $3, transfer_id = $4, note = $5 where id = $1', [id, after.status, after.decidedBy ?? null, after.transferId ?? null, after.note ?? null])
      await recordAction(client, change.action, nowMs)
      return after
    })
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly Correction[]> {
    return (await this.#pool.query<Row>('select * from operator.corrections order by id desc limit $1', [limit])).rows.map(correctionOf)
  }

  /** Approved, and not posted: whoever approved them died in between. */
  async unposted(limit: number): Promise<readonly Correction[]> {
    return (await this.#pool.query<Row>(`select * from operator.corrections where status = 'approved' order by id limit $1`, [limit])).rows.map(correctionOf)
  }
}

function correctionOf(row: Row): Correction {
  return {
    id: row.id, debitAccountId: row.debit_account_id, creditAccountId: row.credit_account_id, amount: row.amount, reason: row.reason, proposedBy: row.proposed_by, proposedMs: Number(row.proposed_ms), status: row.status,
    decidedBy: row.decided_by ?? undefined, transferId: row.transfer_id ?? undefined, note: row.note ?? undefined,
  }
}
