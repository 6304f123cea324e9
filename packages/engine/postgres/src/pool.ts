import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { PostgresFault } from './fault.ts'
import { NamingClient } from './naming-client.ts'

export interface PostgresOptions {
  /** postgresql://user:password@host:port/database */
  readonly url: string
  /** 1 to 100. */
  readonly connectionsMax: number
  /** Shows in pg_stat_activity. */
  readonly applicationName: string
  /** Milliseconds; 30,000 unless told. */
  readonly statementTimeoutMs?: number
}

const int8 = 20
const types = {
  /** int8 is money or a counter: always a bigint, never a float. */
  getTypeParser: ((id: number, format?: 'text' | 'binary') =>
    id === int8 && format !== 'binary' ? (text: string) => BigInt(text) : pg.types.getTypeParser(id, format)) as typeof pg.types.getTypeParser,
}

/** One pool of connections to one database, shared by every store of a process. */
export class Postgres implements AsyncDisposable {
  readonly pool: pg.Pool
  readonly url: string
  #ended: Promise<void> | undefined

  private constructor(options: PostgresOptions) {
    this.url = options.url
    this.pool = new pg.Pool({
      Client: NamingClient,
      connectionString: options.url,
      max: options.connectionsMax,
      application_name: options.applicationName,
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      connectionTimeoutMillis: 10_000,
      keepAlive: true,
      types,
    })
    // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
    this.pool.on('error', () => undefined)
    // The same for one that breaks between two statements of a transaction: the next statement fails, and says so to whoever waits for it.
    this.pool.on('connect', (client) => client.on('error', () => undefined))
  }

  /** Does not open a connection yet: the first statement does. */
  static connect(options: PostgresOptions): Postgres {
    return new Postgres(options)
  }

  /** A typed view for one store. All views share the pool. */
  kysely<Tables>(): Kysely<Tables> {
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.pool }) })
  }

  /** Throws `database-unreachable` unless a statement goes through. */
  async ping(): Promise<void> {
    try {
      await this.pool.query('SELECT 1')
    } catch (error) {
      throw new PostgresFault('database-unreachable', `the database does not answer: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.pool.end()
    await this.#ended
  }
}
