import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Postgres } from '@rivulet/postgres'
import { expect, test } from 'vitest'
import { connectionOf, creditTo, streamOf, type TestBooks, testBooks } from './testing.ts'

/** A wire to the database that loses what it is told to lose. */
class FaultyWire implements AsyncDisposable {
  readonly url: string
  /** Drops the connection when the server answers `count` more statements that carry `marker`, after they were executed. */
  #loseAnswers = { marker: '', count: 0 }
  #refusing = false
  readonly #sockets = new Set<Socket>()
  readonly #close: () => Promise<void>
  lost = 0

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url
    this.#close = close
  }

  static async open(target: string): Promise<FaultyWire> {
    const { hostname, port } = new URL(target)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = new URL(target)
    url.port = String((server.address() as AddressInfo).port)
    url.hostname = '127.0.0.1'
    const wire = new FaultyWire(url.href, () => new Promise((resolve) => server.close(() => resolve())))
    server.on('connection', (client) => wire.#carry(client, connect(Number(port), hostname)))
    return wire
  }

  loseAnswers(marker: string, count: number): void {
    this.#loseAnswers = { marker, count }
  }

  /** Cuts every connection and takes no new one until told otherwise. */
  set refusing(refusing: boolean) {
    this.#refusing = refusing
    if (refusing) for (const socket of this.#sockets) socket.destroy()
  }

  #carry(client: Socket, server: Socket): void {
    if (this.#refusing) {
      client.destroy()
      server.destroy()
      return
    }
    let doomed = false
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    client.on('data', (bytes) => {
      if (this.#loseAnswers.count > 0 && bytes.includes(this.#loseAnswers.marker)) doomed = true
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      // ReadyForQuery: the statement and its commit are over.
      if (doomed && bytes.length >= 6 && bytes.at(-6) === 0x5a) {
        this.#loseAnswers.count -= 1
        this.lost += 1
        client.destroy()
        return
      }
      if (!doomed) client.write(bytes)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refusing = true
    await this.#close()
  }
}

async function faulty(): Promise<TestBooks & { wire: FaultyWire; far: Postgres }> {
  const books = await testBooks()
  const wire = await FaultyWire.open(books.postgres.url)
  const far = Postgres.connect({ url: wire.url, connectionsMax: 5, applicationName: 'far' })
  const close = books[Symbol.asyncDispose].bind(books)
  return Object.assign(books, {
    wire, far,
    async [Symbol.asyncDispose]() {
      await close()
      await far[Symbol.asyncDispose]()
      await wire[Symbol.asyncDispose]()
    },
  })
}

test.each([1, 3])('credits whose COMMIT answer is lost %i times are answered once they are known, and counted once', async (times) => {
  await using books = await faulty()
  await using ledger = await books.open({ postgres: books.far })
  await ledger.receiving.credit(creditTo(books))
  books.wire.loseAnswers('ledger-credit', times)
  const results = await Promise.all([2, 3].map((sequence) => ledger.receiving.credit(creditTo(books, { sequence }))))
  expect(results).toMatchObject([{ applied: true }, { applied: true, total: 30n }])
  expect(books.wire.lost).toBe(times)
  expect(await books.ledger.receiving.totalOf(connectionOf('a'))).toBe(30n)
})

test('a packet over its limit is still told apart when the answer of its flush was lost', async () => {
  await using books = await faulty()
  await using ledger = await books.open({ postgres: books.far })
  await ledger.receiving.credit(creditTo(books, { totalMax: 15n }))
  books.wire.loseAnswers('ledger-credit', 1)
  const results = await Promise.all([ledger.receiving.credit(creditTo(books, { sequence: 2, totalMax: 15n })), ledger.receiving.credit(creditTo(books, { connection: connectionOf('b') }))])
  expect(results).toEqual([{ applied: false, why: 'over-total' }, { applied: true, total: 10n }])
  expect(books.wire.lost).toBe(1)
})

test('a transfer, a hold and a closing whose COMMIT answers are lost are written once', async () => {
  await using books = await faulty()
  await using ledger = await books.open({ postgres: books.far })
  await ledger.transfer({ key: 'before', debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 1n, reason: 'deposit' })
  const spec = streamOf(books)
  for (const work of [
    () => ledger.transfer({ key: 'lost', debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 100n, reason: 'deposit' }),
    () => ledger.sending.open(spec),
    () => ledger.sending.extend(spec.id, 1, { ...spec, held: 700n }),
    () => ledger.sending.close(spec.id, 1, 'hidden'),
  ]) {
    books.wire.loseAnswers('commit', 1)
    await work()
  }
  expect(books.wire.lost).toBe(4)
  expect(await books.ledger.balance(books.subscriber.id)).toMatchObject({ posted: 1_000_101n, pending: 0n })
  expect(await books.ledger.verify()).toMatchObject({ ok: true, transfers: 3 })
})

test('while the database is away credits and transfers are refused and nothing is written; when it is back they go on', async () => {
  await using books = await faulty()
  await using ledger = await books.open({ postgres: books.far })
  await ledger.receiving.credit(creditTo(books))
  books.wire.refusing = true
  await expect.poll(() => books.far.pool.totalCount).toBe(0)
  expect(await ledger.receiving.credit(creditTo(books, { sequence: 2 }))).toEqual({ applied: false, why: 'commit-failed' })
  await expect(ledger.transfer({ key: 'away', debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 1n, reason: 'deposit' })).rejects.toMatchObject({ code: 'database-unavailable' })
  const { id, name, kind, asset } = books.subscriber
  for (const asked of [
    () => ledger.balance(id), () => ledger.account(id), () => ledger.accountByName(name), () => ledger.transfersOf(id, { limit: 1 }), () => ledger.receiving.totalOf(connectionOf('a')), () => ledger.verify(),
    () => ledger.sending.get(streamOf(books).id), () => ledger.sending.list({ states: ['open'], limit: 1 }), () => ledger.openAccount({ name, kind, asset, debitsMayExceedCredits: false }),
  ]) await expect(asked()).rejects.toMatchObject({ code: 'database-unavailable' })
  books.wire.refusing = false
  expect(await ledger.receiving.credit(creditTo(books, { sequence: 3 }))).toEqual({ applied: true, total: 20n })
  await ledger.transfer({ key: 'away', debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 1n, reason: 'deposit' })
  expect((await books.ledger.balance(books.subscriber.id)).posted).toBe(1_000_001n)
})

test('backends that are killed under load lose no unit and credit no packet twice', async () => {
  await using books = await faulty()
  await using ledger = await books.open({ postgres: books.far })
  let credited = 0n
  for (let round = 0; round < 6; round += 1) {
    const results = Promise.all(Array.from({ length: 200 }, (_, index) => ledger.receiving.credit(creditTo(books, { connection: connectionOf(`c${index % 20}`), sequence: round * 10 + Math.floor(index / 20) + 1, amount: 1n }))))
    await books.postgres.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'far'`)
    for (const result of await results) if (result.applied) credited += 1n
  }
  const { rows } = await books.postgres.pool.query<{ sum: bigint }>('select sum(total)::int8 as sum from ledger.receiving_streams')
  expect(rows[0]?.sum).toBe(credited)
  expect(credited).toBeGreaterThan(0n)
})

test('a flush row that another hand has moved stops the process', async () => {
  const fatal: unknown[] = []
  await using books = await testBooks({ fatal: (error) => void fatal.push(error) })
  await books.ledger.receiving.credit(creditTo(books))
  await books.postgres.pool.query('update ledger.flushes set n = n + 5')
  void books.ledger.receiving.credit(creditTo(books, { sequence: 2 }))
  await expect.poll(() => fatal.length).toBe(1)
  expect(fatal[0]).toMatchObject({ code: 'assertion' })
  expect(await books.ledger.receiving.credit(creditTo(books, { sequence: 3 }))).toEqual({ applied: false, why: 'commit-failed' })
})

test('a process whose chain could not be begun at the first attempt begins it at the next', async () => {
  await using books = await testBooks()
  await books.postgres.pool.query(`
    create sequence ledger.attempts;
    create function ledger.fail_once() returns trigger language plpgsql as $$ begin
      if nextval('ledger.attempts') = 1 then raise exception 'not now' using errcode = '57014'; end if;
      return new;
    end $$;
    create trigger fail_once before insert on ledger.chains for each row execute function ledger.fail_once()`)
  const later = await books.open()
  const transfer = await later.transfer({ key: 'after', debitAccountId: books.psp.id, creditAccountId: books.subscriber.id, amount: 5n, reason: 'deposit' })
  expect(transfer.amount).toBe(5n)
  expect((await books.ledger.verify()).problems).toEqual([])
})
