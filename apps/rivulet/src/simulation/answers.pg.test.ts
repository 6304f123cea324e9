import { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { expect, test } from 'vitest'
import { answersInOrder } from './answers.ts'

async function listening() {
  await using building = new AsyncDisposableStack()
  const database = building.use(await testPostgres([]))
  const postgres = building.use(Postgres.connect({ url: database.url, connectionsMax: 3, applicationName: 'test' }))
  const rest = await answersInOrder(postgres)
  const heard: string[] = []
  const all = building.move()
  return { pool: postgres.pool, rest, heard, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

test('answers come in the order of the questions, what fails too, and what an answer asks for comes after what was asked before it', async () => {
  await using house = await listening()
  const { pool, rest, heard } = house
  void pool.query('select pg_sleep(0.1)').then(async () => {
    heard.push('slow')
    await pool.query('select 1')
    heard.push('asked by the slow one')
  })
  pool.query('select 1 / 0').catch(() => heard.push('failed'))
  pool.query('select 1', () => heard.push('quick'))
  await rest()
  expect(heard).toEqual(['slow', 'failed', 'quick', 'asked by the slow one'])
})

test('a flush that waits for a row is heard after the transaction that has locked it', async () => {
  await using house = await listening()
  const { pool, rest, heard } = house
  await pool.query('create table counter as select 0 as n')
  const client = await pool.connect()
  const sleeping = 'with flush as materialized (select pg_sleep(0.1)) update counter set n = n + 1 from flush'
  void pool.query(sleeping).then(() => heard.push('flush'))
  void client.query('begin; update counter set n = n + 1').then(async () => {
    heard.push('locked')
    await client.query('commit')
    client.release()
  })
  await rest()
  expect(heard).toEqual(['locked', 'flush'])
  expect((await pool.query('select n from counter')).rows).toEqual([{ n: 2 }])
})
