import { migrate } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { expect, test } from 'vitest'
import { FundingStore } from './funding-store.ts'
import { fundingMigrations } from './migrations.ts'

test('a subscription that the first version began goes on: its plan is spent at a fixed rate, and its first day is counted from its beginning', async () => {
  await using postgres = await testPostgres([{ ...fundingMigrations, steps: fundingMigrations.steps.slice(0, 1) }])
  const state = {
    status: 'active', plan: 'plan_old', nextPlan: null, anchorMs: 0, anchorPeriod: 0, period: 3, periodEndsMs: 5_000, cancelled: false, pausing: false, attempts: 0, retryAtMs: null, charging: null, charges: 4,
  }
  const planId = `plan_${'0'.repeat(26)}`
  await postgres.pool.query(`insert into funding.plan values ($1, 'reader', 'Reader', 5000000000, 'EUR', 9, 'month', 1000, 100000, 0, true)`, [planId])
  await postgres.pool.query(
    `insert into funding.subscription values ('subs_old', 'pers_old', 'acct_old', 'sandbox', '{"reference":"succeeds","brand":"Visa","lastFour":"4242"}', '{"kind":"time"}', 'active', $1, 5000, 0, 4000, 45, 5)`,
    [JSON.stringify({ ...state, plan: planId })],
  )
  await postgres.pool.query(`insert into funding.statement values ('subs_old', 2, 3000, 4000, '{"kind":"time"}', 7, 0, '[{"id":"mara","amount":"7"}]')`)
  await migrate(postgres, [fundingMigrations])
  const store = new FundingStore(postgres)
  expect(await store.ofPerson('pers_old')).toMatchObject({ counted: undefined, funded: 45n, carried: 5n, subscription: { period: 3, plan: { rate: 100_000n, pacing: 'stream' } } })
  expect(await store.statements('subs_old', 10)).toMatchObject([{ period: 2, rest: 7n, counted: [] }])
  expect((await store.termsOf(['pers_old'])).get('pers_old')).toEqual({ rate: 100_000n, pacing: 'stream', periodEndsMs: 5_000, budget: 50n })
})
