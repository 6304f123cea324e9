import type { Postgres } from '@rivulet/postgres'
import type { QueryResultRow } from 'pg'
import { unreadable } from './fault.ts'

/** The rows of one statement that may be sent again at will. Throws `database-unavailable` while the database is away. */
export async function query<Row extends QueryResultRow>(postgres: Postgres, text: string, values: readonly unknown[]): Promise<Row[]> {
  try {
    return (await postgres.pool.query<Row>(text, [...values])).rows
  } catch (error) {
    throw unreadable(error)
  }
}
