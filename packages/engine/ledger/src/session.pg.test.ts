import { testPostgres } from '@rivulet/postgres/testing'
import { expect, test } from 'vitest'
import { bound, Session } from './session-store.ts'

test('each form of a statement is planned once for a connection, whichever of its values it uses, and also after the script in which it was new has failed', async () => {
  await using postgres = await testPostgres([])
  const session = await Session.open(postgres, 'select', 5_000)
  const planned = async (): Promise<number> => (await session.query<{ name: string }>('select name from pg_prepared_statements')).rows.length
  const half = (value: number) => bound('select 10 / $2::int4 as half, $3::bytea as bytes', [0, value, Buffer.from([7])])
  await expect(session.script(['begin', bound('select $1::text[] as names', [['a', 'b']]), half(0)])).rejects.toMatchObject({ code: '22012' })
  await session.query('rollback')
  const before = await planned()
  expect(await session.script(['begin', half(2), half(5), 'commit'])).toEqual([[], [{ half: 5, bytes: Buffer.from([7]) }], [{ half: 2, bytes: Buffer.from([7]) }], []])
  expect(await session.script([half(1)])).toEqual([[{ half: 10, bytes: Buffer.from([7]) }]])
  expect(await planned()).toBe(before + 1)
  session.destroy()
})
