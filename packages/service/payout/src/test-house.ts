/** Payouts over real books and a real database, for the tests of this package. */
import { auditMigrations } from '@rivulet/audit'
import { type Id, newId, Seal } from '@rivulet/ids'
import { type Account, Ledger, ledgerMigrations } from '@rivulet/ledger'
import type { Migrations, Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { OwnMoney, receiverMigrations } from '@rivulet/receiver'
import { TestClock } from '@rivulet/time/testing'
import { payoutMigrations } from './migrations.ts'
import { type PayoutRecord, PayoutStore } from './payout-store.ts'
import { Payouts, type PayoutsOptions } from './payouts.ts'
import { Bank } from './sepa/bank.ts'
import { BankStore } from './sepa/bank-store.ts'
import { endToEndIdOf } from './sepa/pain001.ts'
import type { SendingRail } from './rails/rail.ts'
import type { PayoutTerms } from './terms.ts'

export const eur = { code: 'EUR', scale: 9 }
export const cent = 10_000_000n
const ourIban = 'DE89370400440532013000'
export const maraIban = 'FR1420041010050500013M02606'
const none = { fixed: 0n, basisPoints: 0 }
const terms: PayoutTerms = {
  asset: eur, minimum: 100n * cent, approvalAbove: 5_000n * cent, fourEyesAbove: 100_000n * cent, patienceMs: 60 * 86_400_000,
  fees: { manual: none, sepa: { fixed: 25n * cent, basisPoints: 0 }, interledger: { fixed: 3n, basisPoints: 0 }, stripe: { fixed: 25n * cent, basisPoints: 0 } },
}

export interface House extends AsyncDisposable {
  readonly clock: TestClock
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly store: PayoutStore
  readonly payouts: Payouts
  readonly bank: Bank
  readonly mara: { readonly personId: Id<'pers'>; readonly accountId: Id<'acct'>; readonly asset: typeof eur }
  readonly warnings: object[]
  /** Publishers whom the operator has frozen. */
  readonly frozen: Set<string>
  /** Another process on the same books. */
  open(more?: Partial<PayoutsOptions>, ...rails: readonly SendingRail[]): Payouts
  openBank(payouts: Payouts): Bank
  /** Mara has earned so much. */
  earn(amount: bigint): Promise<void>
  /** Of the accounts that are not at zero, by name: what was credited less what was debited. */
  posted(): Promise<Record<string, bigint>>
  /** Every transfer but what was earned, in order: `debit -> credit amount reason`. */
  rows(): Promise<readonly string[]>
  request(amount: bigint | 'all', key?: string): Promise<PayoutRecord>
}

export async function openHouse(more: Partial<PayoutsOptions> = {}, migrations: readonly Migrations[] = []): Promise<House> {
  const clock = new TestClock(Date.parse('2026-11-20T12:00:00Z'))
  const postgres = await testPostgres([ledgerMigrations, receiverMigrations, payoutMigrations, auditMigrations, ...migrations])
  const ledger = await Ledger.open({ postgres, clock })
  const store = new PayoutStore(postgres)
  const seal = new Seal(Buffer.alloc(32, 7))
  const account: Account = await ledger.openAccount({ name: 'publisher[mara]', kind: 'publisher', asset: eur, debitsMayExceedCredits: false })
  const reader = await ledger.openAccount({ name: 'psp[sandbox]', kind: 'psp', asset: eur, debitsMayExceedCredits: true })
  const mara = { personId: newId('pers', 0), accountId: account.id, asset: eur }
  const warnings: object[] = []
  const frozen = new Set<string>()
  const opened: Payouts[] = []
  const open = (changed: Partial<PayoutsOptions> = {}, ...rails: readonly SendingRail[]): Payouts => {
    const payouts = new Payouts({
      store, ledger, own: new OwnMoney({ postgres, ledger }), clock, seal, terms, frozenAmong: (ids) => Promise.resolve(new Set(ids.filter((id) => frozen.has(id)))), log: { warn: (about) => void warnings.push(about), error: (about) => void warnings.push(about) }, offered: ['manual', 'sepa', 'interledger', 'stripe'], background: false,
      ...more, ...changed,
    })
    for (const rail of rails) payouts.sendBy(rail)
    opened.push(payouts)
    return payouts
  }
  const openBank = (payouts: Payouts): Bank => new Bank({ store: new BankStore(postgres), payouts, clock, seal, debtor: { name: 'Rivulet Demo', iban: ourIban, bic: 'COBADEFFXXX' }, asset: eur })
  const payouts = open()
  let earned = 0
  return {
    clock, postgres, ledger, store, payouts, bank: openBank(payouts), mara, warnings, frozen, open, openBank,
    async earn(amount) {
      earned += 1
      await ledger.transfer({ key: `earned/${earned}`, debitAccountId: reader.id, creditAccountId: account.id, amount, reason: 'stream' })
    },
    async posted() {
      const { rows } = await postgres.pool.query<{ name: string; posted: bigint }>('select name, credits_posted - debits_posted as posted from ledger.accounts where credits_posted <> debits_posted order by name')
      return Object.fromEntries(rows.map((row) => [row.name, row.posted]))
    },
    async rows() {
      const { rows } = await postgres.pool.query<{ row: string }>(
        `select d.name || ' -> ' || c.name || ' ' || t.amount || ' ' || t.reason as row from ledger.transfers t
         join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id where t.reason <> 'stream' order by t.chain_id, t.chain_length`)
      return rows.map(({ row }) => row)
    },
    request: (amount, key = `key-${newId('evnt', 0)}`) => payouts.request({ payee: mara, amount, key, by: { kind: 'publisher', id: mara.personId } }),
    async [Symbol.asyncDispose]() {
      for (const each of opened) await each[Symbol.asyncDispose]()
      const { ok, problems } = await ledger.verify()
      await ledger[Symbol.asyncDispose]()
      await postgres[Symbol.asyncDispose]()
      if (!ok) throw new Error(`the books are wrong: ${JSON.stringify(problems)}`)
    },
  }
}

export interface CamtLine {
  /** As the bank writes it: "12.34". */
  readonly amount: string
  readonly sign: 'CRDT' | 'DBIT'
  readonly payout?: PayoutRecord | undefined
  readonly endToEndId?: string
  readonly bankReference?: string
  readonly returned?: string
  readonly currency?: string
}

/** When it ends. */
const statementDay = '2026-11-21'

/** A camt.053.001.08 as a bank sends it. `opening` and `closing` in cents; the closing balance fits unless told. */
export function camt(lines: readonly CamtLine[], { id = 'S-1', iban = ourIban, opening = 100_000n, closing, day = statementDay }: { readonly id?: string; readonly iban?: string; readonly opening?: bigint; readonly closing?: bigint; readonly day?: string } = {}): string {
  const cents = (text: string): bigint => BigInt(text.replace('.', ''))
  const written = (units: bigint): string => `${units / 100n}.${String(units % 100n).padStart(2, '0')}`
  const end = closing ?? lines.reduce((sum, { amount, sign }) => (sign === 'CRDT' ? sum + cents(amount) : sum - cents(amount)), opening)
  const balance = (code: string, units: bigint): string =>
    `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${written(units < 0n ? -units : units)}</Amt><CdtDbtInd>${units < 0n ? 'DBIT' : 'CRDT'}</CdtDbtInd><Dt><Dt>2026-11-21</Dt></Dt></Bal>`
  const entries = lines.map(({ amount, sign, payout, endToEndId, bankReference, returned, currency = 'EUR' }, index) => {
    const named = endToEndId ?? (payout === undefined ? 'NOTPROVIDED' : endToEndIdOf(payout.payout.id, payout.payout.attempt))
    return `<Ntry><NtryRef>${index}</NtryRef><Amt Ccy="${currency}">${amount}</Amt><CdtDbtInd>${sign}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-21</Dt></BookgDt>
      <AcctSvcrRef>${bankReference ?? `${id}-${index}`}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>${named}</EndToEndId></Refs>
      <Amt Ccy="${currency}">${amount}</Amt><CdtDbtInd>${sign}</CdtDbtInd>${returned === undefined ? '' : `<RtrInf><Rsn><Cd>${returned}</Cd></Rsn><AddtlInf>account closed</AddtlInf></RtrInf>`}
      <RmtInf><Ustrd>line ${index} &amp; more</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M-${id}</MsgId><CreDtTm>2026-11-22T05:00:00Z</CreDtTm></GrpHdr>
<Stmt><Id>${id}</Id><CreDtTm>2026-11-22T05:00:00Z</CreDtTm><FrToDt><FrDtTm>${day}T00:00:00Z</FrDtTm><ToDtTm>${day}T23:59:59Z</ToDtTm></FrToDt><Acct><Id><IBAN>${iban}</IBAN></Id></Acct>
${balance('OPBD', opening)}${balance('CLBD', end)}${entries.join('\n')}</Stmt></BkToCstmrStmt></Document>`
}
