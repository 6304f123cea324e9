import { createHash } from 'node:crypto'
import { newId, type Id } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { type Clock, systemClock } from '@rivulet/time'
import { Ledger, type LedgerOptions } from './ledger.ts'
import { ledgerMigrations } from './migrations/index.ts'
import type { Account, Credit, SendingStreamSpec } from './types.ts'

export const eur = { code: 'EUR', scale: 9 }

/** A small chart of accounts in a database of its own: one subscriber with money, one publisher, and the link between the roles. */
export interface TestBooks extends AsyncDisposable {
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly subscriber: Account
  readonly publisher: Account
  readonly walletLink: Account
  readonly receiverLink: Account
  /** The receiver's link to somebody else's wallet: nothing here mirrors it. */
  readonly peerLink: Account
  readonly loss: Account
  readonly psp: Account
  /** Another process on the same books. Ends with the books. */
  open(options?: Partial<LedgerOptions>): Promise<Ledger>
}

export async function testBooks(options: { readonly clock?: Clock; readonly funds?: bigint } & Partial<LedgerOptions> = {}): Promise<TestBooks> {
  const postgres = options.postgres ?? await testPostgres([ledgerMigrations])
  const clock = options.clock ?? systemClock
  const opened: Ledger[] = []
  const open = async (more: Partial<LedgerOptions> = {}): Promise<Ledger> => {
    const ledger = await Ledger.open({ postgres, clock, ...options, ...more })
    opened.push(ledger)
    return ledger
  }
  const ledger = await open()
  const account = (name: string, kind: Account['kind'], debitsMayExceedCredits: boolean): Promise<Account> => ledger.openAccount({ name, kind, asset: eur, debitsMayExceedCredits })
  const subscriber = await account('subscriber[alice]', 'subscriber', false)
  const psp = await account('psp[sandbox]', 'psp', true)
  if (options.funds !== 0n) {
    await ledger.transfer({ key: 'deposit', debitAccountId: psp.id, creditAccountId: subscriber.id, amount: options.funds ?? 1_000_000n, reason: 'deposit' })
  }
  return {
    postgres, ledger, subscriber, psp, open,
    publisher: await account('publisher[bob]', 'publisher', false),
    walletLink: await account('link[receiver]@wallet', 'link', true),
    receiverLink: await account('link[wallet]@receiver', 'link', true),
    peerLink: await account('link[carol]@receiver', 'link', true),
    loss: await account('loss@wallet', 'loss', true),
    async [Symbol.asyncDispose]() {
      for (const one of opened) await one[Symbol.asyncDispose]()
      await postgres[Symbol.asyncDispose]()
    },
  }
}

/** Every transfer but deposits, each process's in its order: `debit -> credit amount reason`. */
export async function rowsOf({ postgres }: { readonly postgres: Postgres }): Promise<readonly string[]> {
  const { rows } = await postgres.pool.query<{ row: string }>(
    `select d.name || ' -> ' || c.name || ' ' || t.amount || ' ' || t.reason as row from ledger.transfers t
      join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id where t.reason <> 'deposit' order by t.chain_id, t.chain_length`)
  return rows.map(({ row }) => row)
}

export function connectionOf(name: string): Buffer {
  return createHash('sha256').update(name).digest()
}

/** A credit of 10 units as the receiver sends it; sequence 1 of connection `a` unless told. */
export function creditTo(books: TestBooks, change: Partial<Credit> = {}, nowMs = systemClock.nowMs()): Credit {
  return {
    connection: connectionOf('a'), sequence: 1, amount: 10n, debitAccountId: books.receiverLink.id, creditAccountId: books.publisher.id, totalMax: 1_000_000n,
    closesAtMs: nowMs + 3_600_000, expiresAtMs: nowMs + 20_000, ...change,
  }
}

export function streamOf(books: TestBooks, change: Partial<SendingStreamSpec> = {}, nowMs = systemClock.nowMs()): SendingStreamSpec {
  return {
    id: newId('strm', nowMs), debitAccountId: books.subscriber.id, creditAccountId: books.walletLink.id, lossAccountId: books.loss.id, connection: connectionOf('a'), rate: 10n, held: 600n,
    sequenceCeiling: 1_000, sendUntilMs: nowMs + 60_000, resume: { destination: 'test.receiver.abc', encryptedSecret: Buffer.from('sealed'), receiverIsOurs: true },
    ownerId: newOwner(nowMs), label: { payer: 'alice', payee: 'bob' }, ...change,
  }
}

export function newOwner(nowMs = systemClock.nowMs()): Id<'ownr'> {
  return newId('ownr', nowMs)
}
