import type pg from 'pg'

/**
 * Does `work` on a connection of its own as one transaction, and answers what it answers once that is durable. What `work` throws undoes everything and is thrown on. A connection that cannot even
 * roll back is not used again.
 */
export async function inTransaction<Result>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  let broken = false
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.release(broken)
  }
}
