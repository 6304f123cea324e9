import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Entrance, Person } from '@rivulet/accounts'
import { type Id, newId, Seal } from '@rivulet/ids'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import { Mails, notifyMigrations } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import express from 'express'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Funding } from '../funding.ts'
import { FundingStore } from '../funding-store.ts'
import { fundingMigrations } from '../migrations.ts'
import { SandboxProvider } from '../providers/sandbox.ts'
import { SandboxStore } from '../providers/sandbox-store.ts'
import { invoiceName } from './invoice.ts'
import { invoicePdf } from './invoice-pdf.ts'
import { invoiceRoutes, refundRoutes } from './invoice-routes.ts'
import { AuditLog, auditMigrations } from '@rivulet/audit'
import { InvoiceStore } from '../invoice-store.ts'

const eur = { code: 'EUR', scale: 9 }
const dayMs = 86_400_000
const [alicia, ben] = [newId('pers', 0), newId('pers', 1)]

let clock: TestClock
let postgres: Postgres
let ledger: Ledger
let sandbox: SandboxProvider
let funding: Funding
let invoices: InvoiceStore
let server: Server
let origin: string
let visitor: Id<'pers'>

beforeEach(async () => {
  clock = new TestClock(Date.parse('2027-01-31T10:00:00Z'))
  postgres = await testPostgres([ledgerMigrations, notifyMigrations, fundingMigrations, auditMigrations])
  ledger = await Ledger.open({ postgres, clock })
  sandbox = new SandboxProvider(new SandboxStore(postgres), clock)
  invoices = new InvoiceStore(postgres)
  await new FundingStore(postgres).offer([{ key: 'monthly', name: 'Monthly', price: 5_000_000_000n, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', trialDays: 0 }], () => newId('plan', clock.nowMs()))
  funding = start()
  const requireSession: Entrance['requireSession'] = (_request, response, next) => {
    response.locals['person'] = { id: visitor } as Person
    next()
  }
  const entrance = { requireSession, requireSameOrigin: requireSession }
  server = createServer(express().use(invoiceRoutes({ invoices, entrance })).use(refundRoutes({ funding, invoices, entrance, audit: new AuditLog(postgres), nowMs: () => clock.nowMs() })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  await funding[Symbol.asyncDispose]()
  const { ok, problems } = await ledger.verify()
  await ledger[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
  if (!ok) throw new Error(`the books are wrong: ${JSON.stringify(problems)}`)
})

function start(): Funding {
  return new Funding({
    store: new FundingStore(postgres), ledger, clock, providers: [sandbox], background: false, invoices,
    log: { warn: () => undefined, error: () => undefined },
    mails: new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } }),
    invoiceTerms: { seller: { name: 'Éditions du Ruisseau', address: ['1 rue de la Source', '69001 Lyon'], vatId: 'FR00123456789' }, prefix: 'RIV-', vatBasisPoints: 2_000 },
    readerOf: () => Promise.resolve({ name: 'Łucja Ωmega Иванова', email: 'reader@example.com', language: 'en', url: 'https://wallet.example/subscription' }),
    attentionOf: () => Promise.resolve([]),
    accountOf: () => Promise.resolve(undefined),
  })
}

async function subscribe(personId: Id<'pers'>): Promise<Account> {
  const account = await ledger.openAccount({ name: `subscriber[${personId}]`, kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
  const [plan] = await funding.plans()
  await funding.subscribe({ personId, accountId: account.id, planId: plan?.id ?? '', provider: 'sandbox', card: sandbox.card('4242 4242 4242 4242'), policy: { kind: 'roll-over' } })
  return account
}

async function rows(): Promise<readonly string[]> {
  const { rows: found } = await postgres.pool.query<{ row: string }>(
    `select t.reason || ': ' || d.name || ' -> ' || c.name || ' ' || t.amount as row from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id order by t.posted_at_ms, t.key`)
  return found.map(({ row }) => row.replaceAll(/subscriber\[pers_[0-9a-z]+\]/g, 'subscriber'))
}

describe('an invoice', () => {
  test('is written for every payment, and what it says is in it', async () => {
    await subscribe(alicia)
    clock.jump(28 * dayMs)
    await funding.work()
    const [second, first, ...more] = await invoices.ofPerson(alicia, 10)
    expect(more).toEqual([])
    expect([first?.number, second?.number, first?.kind]).toEqual([1, 2, 'invoice'])
    expect(first?.content).toEqual({
      terms: { seller: { name: 'Éditions du Ruisseau', address: ['1 rue de la Source', '69001 Lyon'], vatId: 'FR00123456789' }, prefix: 'RIV-', vatBasisPoints: 2_000 },
      buyer: { name: 'Łucja Ωmega Иванова', email: 'reader@example.com' }, plan: 'Monthly', fromMs: Date.parse('2027-01-31T10:00:00Z'), toMs: Date.parse('2027-02-28T10:00:00Z'), asset: eur,
      total: 5_000_000_000n, fee: 417_000_000n, vat: 830_000_000n, paidMs: Date.parse('2027-01-31T10:00:00Z'), card: { brand: 'Visa', lastFour: '4242' }, corrects: undefined,
    })
    expect(second?.content).toMatchObject({ fromMs: Date.parse('2027-02-28T10:00:00Z'), toMs: Date.parse('2027-03-31T10:00:00Z') })
  })

  test('has the next number, whoever pays in whichever process, and a payment that fails between takes none', async () => {
    await using other = start()
    await subscribe(alicia)
    await subscribe(ben)
    await postgres.pool.query(`create function funding.fail() returns trigger language plpgsql as $$ begin if random() < 0.5 then raise exception 'fails'; end if; return new; end $$; create trigger fails before insert on funding.invoice for each row execute function funding.fail()`)
    for (let month = 0; month < 4; month += 1) {
      clock.jump(31 * dayMs)
      for (let attempt = 0; attempt < 8; attempt += 1) {
        await Promise.all([funding.work(), other.work()])
        clock.jump(3_600_000)
      }
    }
    const { rows: numbers } = await postgres.pool.query<{ number: bigint }>('select number from funding.invoice order by number')
    expect(numbers.length).toBeGreaterThan(6)
    expect(numbers.map(({ number }) => Number(number))).toEqual(numbers.map((_, index) => index + 1))
  })

  test('is read by its owner and by nobody else, as a list and as a PDF of one page in her language', async () => {
    await subscribe(alicia)
    await subscribe(ben)
    visitor = alicia
    expect(await (await fetch(`${origin}/api/invoices`)).json()).toMatchObject({ invoices: [{ number: 1, name: 'RIV-000001', kind: 'invoice', plan: 'Monthly', total: '5000000000', assetCode: 'EUR', assetScale: 9 }] })
    const pdf = await fetch(`${origin}/api/invoices/1?language=fr`)
    expect([pdf.status, pdf.headers.get('content-type'), pdf.headers.get('content-disposition'), pdf.headers.get('cache-control')]).toEqual([200, 'application/pdf', 'attachment; filename="RIV-000001.pdf"', 'no-store'])
    const bytes = Buffer.from(await pdf.arrayBuffer()).toString('latin1')
    expect([bytes.slice(0, 5), bytes.match(/\/Type \/Page\b/g)?.length]).toEqual(['%PDF-', 1])
    for (const path of ['2', '3', '0', '-1', '1e0', '99999999999999', 'x']) expect((await fetch(`${origin}/api/invoices/${path}`)).status).toBe(404)
  })

  test('is the same document whenever it is asked for', async () => {
    await subscribe(alicia)
    const [invoice] = await invoices.ofPerson(alicia, 1)
    if (invoice === undefined) throw new Error('there is an invoice')
    expect(await invoicePdf(invoice, 'en')).toEqual(await invoicePdf(invoice, 'en'))
    expect(await invoicePdf(invoice, 'en')).not.toEqual(await invoicePdf(invoice, 'fr'))
  })
})

describe('a refund', () => {
  test('takes the payment out of the books, row by row, ends the plan and gives a credit note, once', async () => {
    const account = await subscribe(alicia)
    const mara = await ledger.openAccount({ name: 'publisher[mara]', kind: 'publisher', asset: eur, debitsMayExceedCredits: false })
    await ledger.transfer({ key: 'spent', debitAccountId: account.id, creditAccountId: mara.id, amount: 1_000_000_000n, reason: 'stream' })
    for (let click = 0; click < 3; click += 1) expect((await fetch(`${origin}/api/invoices/1/refund`, { method: 'POST' })).status).toBe(204)
    expect((await rows()).toSorted()).toEqual([
      'refund-fee: fee.subscription -> psp[sandbox] 417000000',
      'refund-loss: loss@wallet -> psp[sandbox] 1000000000',
      'refund-vat: vat -> psp[sandbox] 830000000',
      'refund: subscriber -> psp[sandbox] 2753000000',
      'stream: subscriber -> publisher[mara] 1000000000',
      'subscription-fee: psp[sandbox] -> fee.subscription 417000000',
      'subscription: psp[sandbox] -> subscriber 3753000000',
      'vat: psp[sandbox] -> vat 830000000',
    ])
    const [note, invoice] = await invoices.ofPerson(alicia, 10)
    expect([await funding.of(alicia), note?.kind, note?.number, note?.content.corrects, note?.content.total]).toEqual([undefined, 'credit-note', 2, invoice === undefined ? '' : invoiceName(invoice), 5_000_000_000n])
  })

  test('of a payment that is disputed is refused with the reason, and works once that is won', async () => {
    await subscribe(alicia)
    const reference = `sandbox:${(await funding.of(alicia))?.subscription.id ?? ''}/1`
    await funding.reported('sandbox', reference, { disputed: true, won: 0 })
    const before = await rows()
    const refused = await fetch(`${origin}/api/invoices/1/refund`, { method: 'POST' })
    expect([refused.status, await refused.json(), await rows()]).toEqual([409, { error: { code: 'charge-disputed', message: 'her bank has taken this payment back: it can be given back only if the dispute is won' } }, before])
    await funding.reported('sandbox', reference, { disputed: false, won: 1 })
    expect((await fetch(`${origin}/api/invoices/1/refund`, { method: 'POST' })).status).toBe(204)
  })

  test('of an invoice that does not exist is refused', async () => {
    expect((await fetch(`${origin}/api/invoices/7/refund`, { method: 'POST' })).status).toBe(404)
  })
})
