import { testPostgres } from '@rivulet/postgres/testing'
import type { Postgres } from '@rivulet/postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuditFilter, AuditLog, auditMigrations } from './index.ts'

let postgres: Postgres
let log: AuditLog

beforeAll(async () => {
  postgres = await testPostgres([auditMigrations])
  log = new AuditLog(postgres)
  if ((await log.known()).operators.length > 0) throw new Error('nobody has done anything yet')
  const done = { result: 'done' } as const
  await log.record({ operator: 'pers_olivia', name: 'peer.pause', subject: 'eve', reason: 'it owes too much' }, 1_000, done)
  await log.record({ operator: 'command', name: 'peer.add', subject: 'Evelyn' }, 2_000, done)
  await log.record({ operator: 'pers_paul', name: 'person.freeze', subject: 'pers_alice' }, 3_000, { result: 'refused', code: 'freeze-state' })
  await log.record({ operator: 'pers_paul', name: 'person.freeze', subject: 'pers_ben' }, 4_000, done)
})
afterAll(() => postgres[Symbol.asyncDispose]())

test.each<[string, Omit<AuditFilter, 'limit'>, readonly string[]]>([
  ['nothing', {}, ['pers_ben', 'pers_alice', 'Evelyn', 'eve']],
  ['an operator', { operator: 'command' }, ['Evelyn']],
  ['an action', { name: 'person.freeze' }, ['pers_ben', 'pers_alice']],
  ['a part of the object, in whatever case', { about: 'EVE' }, ['Evelyn', 'eve']],
  ['a part of the object, or people whom it means', { about: 'eve', subjects: ['pers_ben'] }, ['pers_ben', 'Evelyn', 'eve']],
  ['what stands for itself in a pattern', { about: '%' }, []],
  ['a time, its first instant in it and its last not', { fromMs: 2_000, toMs: 4_000 }, ['pers_alice', 'Evelyn']],
  ['a result', { result: 'refused' }, ['pers_alice']],
  ['all together', { operator: 'pers_paul', name: 'person.freeze', about: 'pers_', fromMs: 3_500, result: 'done' }, ['pers_ben']],
])('asked for %s it lists those, newest first', async (_what, filter, subjects) => {
  expect((await log.list({ ...filter, limit: 9 })).map(({ subject }) => subject)).toEqual(subjects)
})

test('what is done within a millisecond is listed after what was begun', async () => {
  const atMs = 5_000
  for (let round = 0; round < 20; round += 1) await log.around({ operator: 'pers_olivia', name: 'payout.approve', subject: `pay_${round}` }, () => atMs, () => Promise.resolve())
  for (let round = 0; round < 20; round += 1) expect((await log.list({ subject: `pay_${round}`, limit: 9 })).map(({ result }) => result)).toEqual(['done', 'begun'])
})

test('who did anything and what was ever done is known without reading it all', async () => {
  expect(await log.known()).toEqual({ operators: ['command', 'pers_olivia', 'pers_paul'], names: ['payout.approve', 'peer.add', 'peer.pause', 'person.freeze'] })
})
