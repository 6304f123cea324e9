import type { Postgres } from '@rivulet/postgres'

/** The last turn of something that a process does by itself. Milliseconds since 1970. */
export interface JobReport {
  readonly name: string
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly nextAtMs: number
  /** Code of why it failed; null when it did not. */
  readonly error: string | null
}

/** One process's word about itself. */
export interface RoleReport {
  readonly processId: string
  readonly role: string
  readonly version: string
  readonly startedAtMs: number
  readonly reportedAtMs: number
  /** ILP packets sent and answered since the process started. */
  readonly packets: number
  /** Rejects among them, by ILP error code. */
  readonly rejectsByCode: Readonly<Record<string, number>>
  /** Its metrics as prom-client writes them. */
  readonly metrics: readonly object[]
  readonly jobs: readonly JobReport[]
}

interface ReportRow {
  process_id: string
  role: string
  version: string
  started_at_ms: bigint
  reported_at_ms: bigint
  packets: bigint
  rejects: Record<string, number>
  metrics: object[]
  jobs: JobReport[]
}

const reportsMax = 200

export class OperatorStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  async report(report: RoleReport): Promise<void> {
    await this.#postgres.pool.query(
      `insert into operator.role_reports (process_id, role, version, started_at_ms, reported_at_ms, packets, rejects, metrics, jobs) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       on conflict (process_id) do update set reported_at_ms = excluded.reported_at_ms, packets = excluded.packets, rejects = excluded.rejects, metrics = excluded.metrics, jobs = excluded.jobs`,
      [report.processId, report.role, report.version, report.startedAtMs, report.reportedAtMs, report.packets, JSON.stringify(report.rejectsByCode), JSON.stringify(report.metrics), JSON.stringify(report.jobs)])
  }

  /** Removes this process, and all that said nothing since then. */
  async forget(processId: string, reportedBeforeMs: number): Promise<void> {
    await this.#postgres.pool.query('delete from operator.role_reports where process_id = $1 or reported_at_ms < $2', [processId, reportedBeforeMs])
  }

  /** The processes heard of since then, oldest first. */
  async reportsSince(reportedAtMs: number): Promise<readonly RoleReport[]> {
    const { rows } = await this.#postgres.pool.query<ReportRow>('select * from operator.role_reports where reported_at_ms >= $1 order by process_id limit $2', [reportedAtMs, reportsMax])
    return rows.map((row) => ({
      processId: row.process_id, role: row.role, version: row.version, startedAtMs: Number(row.started_at_ms), reportedAtMs: Number(row.reported_at_ms),
      packets: Number(row.packets), rejectsByCode: row.rejects, metrics: row.metrics, jobs: row.jobs,
    }))
  }
}
