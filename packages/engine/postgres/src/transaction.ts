import type pg from 'pg'
import { script } from './statement.ts'

/**
 * Does `work` on a connection of its own as one transaction, and answers what it answers once that is durable. What `work` throws undoes everything and is thrown on. A connection that cannot even
 * roll back is not used again.
 */
export function inTransaction<Result>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  return connected(pool, async (client) => {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  })
}

/**
 * A transaction in two messages: what it asks for leaves with its beginning, what `decide` wants written with its end. Answers the rows of what was written. What `decide`
 * throws undoes everything.
 */
export function inTwoMessages(pool: pg.Pool, asked: readonly string[], decide: (rows: unknown[][]) => Promise<readonly string[]> | readonly string[]): Promise<unknown[][]> {
  return connected(pool, async (client) => {
    const [, ...rows] = await script(client, ['begin', ...asked])
    return script(client, [...(await decide(rows)), 'commit'])
  })
}

async function connected<Result>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  let broken = false
  try {
    return await work(client)
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.release(broken)
  }
}
