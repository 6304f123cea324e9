import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Accounts, accountsMigrations, type Person } from '@rivulet/accounts'
import { ledgerMigrations, type TransferReason } from '@rivulet/ledger'
import { connectionOf, creditTo, streamOf, type TestBooks, testBooks } from '@rivulet/ledger/testing'
import { notifyMigrations } from '@rivulet/notify'
import { testPostgres } from '@rivulet/postgres/testing'
import { type Clock, systemClock } from '@rivulet/time'
import express, { type Router } from 'express'
import { ApiKeys } from './api-keys/api-keys.ts'
import { receiverMigrations } from './migrations.ts'

/** The publishers' door with two publishers, Mara and Noah, who are signed in; days pass when told. */
export interface PublisherHouse extends AsyncDisposable {
  readonly books: TestBooks
  readonly accounts: Accounts
  readonly apiKeys: ApiKeys
  readonly clock: Clock & { ahead(ms: number): void }
  readonly origin: string
  readonly mara: Person
  readonly noah: Person
  mount(...routes: readonly Router[]): void
  /** With the session of a publisher, or with other headers. */
  ask(who: Person | Readonly<Record<string, string>>, path: string, init?: RequestInit): Promise<Response>
  /** A reader of our wallet pays a publisher on a site; the stream stays open. */
  pay(to: Person, given: { readonly name: string; readonly amount: bigint; readonly site?: string; readonly sequence?: number }): Promise<void>
  close(name: string): Promise<void>
  transfer(from: Person | undefined, to: Person | undefined, given: { readonly amount: bigint; readonly reason: TransferReason }): Promise<void>
}

const password = 'correct horse'

export async function publisherHouse(startMs: number): Promise<PublisherHouse> {
  const startedMs = systemClock.nowMs()
  let aheadMs = startMs - startedMs
  // Flushes run with the machine's time.
  const clock = { nowMs: () => systemClock.nowMs() + aheadMs, monotonicMs: () => systemClock.monotonicMs(), after: systemClock.after.bind(systemClock), sleep: systemClock.sleep.bind(systemClock), ahead: (ms: number) => void (aheadMs += ms) }
  const books = await testBooks({ clock, postgres: await testPostgres([ledgerMigrations, accountsMigrations, notifyMigrations, receiverMigrations]) })
  const { postgres, ledger } = books
  const app = express()
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const entrances = { subscriber: { publicUrl: 'http://localhost:1' }, publisher: { publicUrl: origin }, operator: { publicUrl: 'http://localhost:2' } }
  // Sessions live by the machine's time.
  const accounts = await Accounts.open({ postgres, ledger, clock: systemClock, secret: Buffer.alloc(32, 7), entrances, sandbox: true })
  const entrance = accounts.entrance('publisher')
  app.use(entrance.handler)
  const cookies = new Map<string, string>()
  const open = async (name: string): Promise<Person> => {
    const email = `${name.toLowerCase()}@example.org`
    const person = await accounts.createPerson({ role: 'publisher', email, password, name, path: name.toLowerCase() })
    const answer = await fetch(`${origin}/api/auth/sign-in/email`, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ email, password }) })
    cookies.set(person.id, answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; '))
    return person
  }
  const [mara, noah] = [await open('Mara'), await open('Noah')]
  const accountOf = (person: Person) => person.walletAddress?.ledgerAccountId ?? books.peerLink.id
  const streams = new Map<string, { readonly id: string; readonly epoch: number; paid: bigint }>()
  let keys = 0
  return {
    books, accounts, clock, origin, mara, noah,
    apiKeys: new ApiKeys({ postgres, clock, accounts, entrance }),
    mount: (...routes) => void routes.map((route) => app.use(route)),
    ask: (who, path, init = {}) => {
      const headers: Record<string, string> = 'id' in who && typeof who.id === 'string' && cookies.has(who.id) ? { origin, cookie: cookies.get(who.id) ?? '' } : { ...(who as Record<string, string>) }
      return fetch(`${origin}${path}`, { ...init, headers: { ...headers, ...(init.body !== undefined && { 'content-type': 'application/json' }) } })
    },
    async pay(to, { name, amount, site, sequence = 1 }) {
      const known = streams.get(name)
      const spec = streamOf(books, { connection: connectionOf(name), label: { payer: 'alice', payee: to.name, ...(site !== undefined && { site }) } }, clock.nowMs())
      if (known === undefined) streams.set(name, { id: spec.id, epoch: (await ledger.sending.open(spec)).ownerEpoch, paid: 0n })
      const stream = streams.get(name)
      if (stream === undefined) throw new Error('the stream is open')
      await ledger.receiving.credit(creditTo(books, { connection: connectionOf(name), amount, sequence, creditAccountId: accountOf(to) }, clock.nowMs()))
      stream.paid += amount
      await ledger.sending.book(stream.id as typeof spec.id, stream.epoch, stream.paid)
    },
    close: (name) => ledger.receiving.close(connectionOf(name)),
    transfer: async (from, to, { amount, reason }) => {
      await ledger.transfer({ key: `house/${(keys += 1)}`, debitAccountId: from === undefined ? books.peerLink.id : accountOf(from), creditAccountId: to === undefined ? books.peerLink.id : accountOf(to), amount, reason })
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await accounts[Symbol.asyncDispose]()
      await books[Symbol.asyncDispose]()
    },
  }
}
