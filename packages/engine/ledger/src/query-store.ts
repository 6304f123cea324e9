import type { Postgres } from '@rivulet/postgres'
import type { QueryResultRow } from 'pg'
import { unreadable } from './fault.ts'

/** The rows of one statement that may be sent again at will. Throws `database-unavailable` while the database is away.
 * @param name of a statement that is asked for often: each connection then parses it once */
export async function query<Row extends QueryResultRow>(postgres: Postgres, text: string, values: readonly unknown[], name?: string): Promise<Row[]> {
  try {
    return (await postgres.pool.query<Row>({ text, values: [...values], ...(name !== undefined && { name }) })).rows
  } catch (error) {
    throw unreadable(error)
  }
}
