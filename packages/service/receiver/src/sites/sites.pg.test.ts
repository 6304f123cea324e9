import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Id, newId } from '@rivulet/ids'
import { accountsMigrations } from '@rivulet/accounts'
import { ledgerMigrations } from '@rivulet/ledger'
import { notifyMigrations } from '@rivulet/notify'
import { guardedFetch } from '@rivulet/outbound'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { receiverMigrations } from '../migrations.ts'
import { instructionsOf } from './proof.ts'
import { Sites } from './sites.ts'

const dayMs = 24 * 3_600_000
let postgres: Postgres
let server: Server
let origin: string
/** What the site answers at any path. */
let answer: { readonly status: number; readonly body?: string; readonly location?: string }
let records: Map<string, string[][] | string>
let clock: TestClock
let owner: Id<'pers'>
const said: object[] = []
/** Who was told of which site, and since when it had been proven. */
const told = new Set<string>()

beforeAll(async () => {
  postgres = await testPostgres([ledgerMigrations, accountsMigrations, notifyMigrations, receiverMigrations])
  server = createServer((request, response) => {
    const { status, body, location } = request.url === '/.well-known/rivulet-site.txt' ? answer : { status: 200, body: 'elsewhere', location: undefined }
    response.writeHead(status, { 'content-type': 'text/plain', ...(location !== undefined && { location }) }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://localhost:${(server.address() as AddressInfo).port}`
})

beforeEach(async () => {
  await postgres.pool.query('delete from receiver.site')
  answer = { status: 404 }
  records = new Map()
  clock = new TestClock()
  owner = newId('pers', clock.nowMs())
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await postgres[Symbol.asyncDispose]()
})

function openSites(allowLocal = true): Sites {
  return new Sites({
    postgres, clock, allowLocal, fetch: guardedFetch({ clock: systemClock, allowLocal, bodyBytesMax: 10_000 }), log: { warn: (fields) => said.push(fields) }, tellLost: ({ personId, origin: lost, provenSinceMs }) => Promise.resolve(void told.add(`${personId} ${lost} ${provenSinceMs}`)),
    resolveTxt: (name) => {
      const found = records.get(name) ?? 'ENOTFOUND'
      return typeof found === 'string' ? Promise.reject(Object.assign(new Error(found), { code: found })) : Promise.resolve(found)
    },
  })
}

test('a site is proven by a TXT record in pieces beside foreign ones, or by a line of a file, and by nothing else', async () => {
  await using sites = openSites()
  const site = await sites.add(owner, origin)
  const { record, file } = instructionsOf(site)
  const name = String(record?.name)
  const look = async (): Promise<object> => {
    await clock.advance(5_000)
    const { state, method, findings } = await sites.check(owner, site.id)
    return { state, method, ...findings }
  }
  expect([name, file.url, await look()]).toEqual(['_rivulet.localhost', `${origin}/.well-known/rivulet-site.txt`, { state: 'unproven', method: undefined, dns: 'nothing', file: 'nothing' }])
  records.set(name, [['v=spf1 -all'], [file.text.slice(0, 9), `${file.text.slice(9)}x`]])
  answer = { status: 200, body: '<!doctype html><p>welcome' }
  expect(await look()).toEqual({ state: 'unproven', method: undefined, dns: 'other-text', file: 'other-text' })
  records.set(name, 'ESERVFAIL')
  answer = { status: 302, location: `http://127.0.0.1:${new URL(origin).port}/.well-known/rivulet-site.txt` }
  expect(await look()).toEqual({ state: 'unproven', method: undefined, dns: 'no-answer', file: 'other-site' })
  answer = { status: 200, body: 'x'.repeat(20_000) }
  expect(await look()).toMatchObject({ state: 'unproven', file: 'other-text' })
  answer = { status: 200, body: `another line\r\n${file.text}\r\n` }
  expect(await look()).toEqual({ state: 'proven', method: 'file', dns: 'no-answer', file: 'found' })
  records.set(name, [['v=spf1 -all'], [file.text.slice(0, 9), file.text.slice(9)]])
  expect(await look()).toMatchObject({ state: 'proven', method: 'dns', dns: 'found' })
})

test('by itself a vanished proof loses its state within a day and some hours, once, with the reason in the log and a word to its owner; two processes look once', async () => {
  await using sites = openSites()
  await using other = openSites()
  const site = await sites.add(owner, `${origin}/some/page?x=1`)
  const { record, file } = instructionsOf(site)
  records.set(String(record?.name), [[file.text]])
  await sites.check(owner, site.id)
  expect(await sites.list(owner)).toMatchObject([{ origin, state: 'proven' }])
  records.clear()
  said.length = 0
  told.clear()
  const [{ provenSinceMs } = { provenSinceMs: undefined }] = await sites.list(owner)
  let looks = 0
  for (let hour = 1; hour <= 30; hour += 1) {
    clock.jump(3_600_000)
    looks += (await Promise.all([sites.checkDue(), other.checkDue()])).reduce((sum, count) => sum + count, 0)
  }
  expect(looks).toBe(3)
  expect(await sites.list(owner)).toMatchObject([{ state: 'lost', findings: { dns: 'nothing', file: 'nothing' } }])
  expect(said).toEqual([expect.objectContaining({ site: origin, dns: 'nothing', file: 'nothing' })])
  expect([...told]).toEqual([`${owner} ${origin} ${provenSinceMs}`])
  records.set(String(record?.name), [[file.text]])
  clock.jump(dayMs)
  await sites.checkDue()
  expect(await sites.list(owner)).toMatchObject([{ state: 'proven' }])
})

test.each(['', 'https://', 'ftp://example.org', 'not a site', 'http://example.org', 'localhost', 'https://10.0.0.1', 'https://[::1]/', 'https://example.org:8443', 'javascript:alert(1)'])('%j is no site of a real installation', async (text) => {
  await using sites = openSites(false)
  await expect(sites.add(owner, text)).rejects.toMatchObject({ code: 'site-invalid' })
})

test('sites are one per name and at most fifty a person, also when many are added at once; nobody sees or touches those of others', async () => {
  await using sites = openSites(false)
  const site = await sites.add(owner, ' Example.ORG/about ')
  expect(site.origin).toBe('https://example.org')
  await expect(sites.add(owner, 'https://example.org')).rejects.toMatchObject({ code: 'site-known' })
  const added = await Promise.allSettled(Array.from({ length: 60 }, (_, index) => sites.add(owner, `site${index}.example`)))
  expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(49)
  expect(new Set(added.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : [])))).toEqual(new Set(['sites-too-many']))
  const stranger = newId('pers', clock.nowMs())
  expect(await sites.list(stranger)).toEqual([])
  await expect(sites.check(stranger, site.id)).rejects.toMatchObject({ code: 'site-unknown' })
  await expect(sites.remove(stranger, site.id)).rejects.toMatchObject({ code: 'site-unknown' })
  await expect(sites.check(owner, 'site_nothing')).rejects.toMatchObject({ code: 'site-unknown' })
  expect((await sites.add(stranger, 'example.org')).token).not.toBe(site.token)
  await sites.remove(owner, site.id)
  await expect(sites.remove(owner, site.id)).rejects.toMatchObject({ code: 'site-unknown' })
})

test('a site that its owner asks about again at once is not asked again', async () => {
  await using sites = openSites()
  const site = await sites.add(owner, origin)
  await sites.check(owner, site.id)
  await expect(sites.check(owner, site.id)).rejects.toMatchObject({ code: 'check-too-soon' })
})
