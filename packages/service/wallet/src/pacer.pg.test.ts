import { newId } from '@rivulet/ids'
import { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import { expect, test } from 'vitest'
import { walletMigrations } from './migrations.ts'
import { stretchedRate } from './pace.ts'
import { Pacer } from './pacer.ts'
import { WalletStore } from './store.ts'
import { UsageMeter } from './usage-meter.ts'

const dayMs = 86_400_000
const nowMs = Date.parse('2027-01-10T12:00:00Z')
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }

test('a stretched rate counts what she has read until now, also what is not written yet', async () => {
  await using database = await testPostgres([walletMigrations])
  await using postgres = Postgres.connect({ url: database.url, connectionsMax: 2, applicationName: 'test' })
  const clock = new TestClock(nowMs)
  const store = new WalletStore(postgres)
  const meter = new UsageMeter(store, clock, log)
  const [personId, accountId, asset] = [newId('pers', nowMs), newId('acct', nowMs), { code: 'EUR', scale: 9 }]
  const terms = { rate: 500_000n, pacing: 'stretch' as const, periodEndsMs: nowMs + 20 * dayMs }
  const pacer = new Pacer({ store, meter, clock, rate: 1n, ledger: { balance: () => Promise.resolve({ posted: 4_000_000_000n, pending: 0n, accrued: 0n, asset }) }, termsOf: () => Promise.resolve(new Map([[personId, terms]])) })
  const readMs = 5 * 3_600_000
  meter.add({ personId, site: 'https://gazette.example', payee: 'https://p.example/gazette', amount: 0n, attentionMs: BigInt(readMs), score: 0n })
  const [pace] = await pacer.pacesOf([{ personId, accountId }])
  expect(pace?.rate).toBe(stretchedRate({ left: 4_000_000_000n, msLeft: 20 * dayMs, readMs, windowMs: dayMs / 2, rate: terms.rate }))
})
