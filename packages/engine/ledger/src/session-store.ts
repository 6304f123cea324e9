import type { Postgres } from '@rivulet/postgres'
import type { PoolClient, QueryConfig, QueryResultRow } from 'pg'

/** A connection that one writer keeps for itself. Once it has failed in any way that leaves a doubt it is destroyed, never reused. */
export class Session {
  readonly #client: PoolClient
  readonly #answerTimeoutMs: number
  #lost = false

  private constructor(client: PoolClient, answerTimeoutMs: number) {
    this.#client = client
    this.#answerTimeoutMs = answerTimeoutMs
    client.on('error', () => this.destroy())
  }

  /** @param settings run once, for instance `set statement_timeout = 2000` */
  static async open(postgres: Postgres, settings: string, answerTimeoutMs: number): Promise<Session> {
    const session = new Session(await postgres.pool.connect(), answerTimeoutMs)
    try {
      await session.query(settings)
      return session
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  get lost(): boolean {
    return this.#lost
  }

  /** A statement without an answer within the time fails here; what it does at the server is then unknown, and the caller destroys the session. */
  query<Row extends QueryResultRow>(query: string | QueryConfig, values?: unknown[]): Promise<{ rows: Row[] }> {
    const config = typeof query === 'string' ? { text: query, ...(values === undefined ? {} : { values }) } : query
    return this.#client.query<Row>({ ...config, query_timeout: this.#answerTimeoutMs } as QueryConfig)
  }

  destroy(): void {
    if (this.#lost) return
    this.#lost = true
    this.#client.release(true)
  }
}
