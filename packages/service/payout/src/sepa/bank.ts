/** Payouts through a bank: approved ones leave in a file, and the bank's statements say what became of them. */
import { createHash } from 'node:crypto'
import type { Action } from '@rivulet/audit'
import { type Id, newId, type Seal } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import { nextBankDay } from '../calendar.ts'
import { PayoutFault } from '../fault.ts'
import { type Actor, netOf } from '../payout.ts'
import type { PayoutRecord } from '../payout-store.ts'
import type { Payouts } from '../payouts.ts'
import { type Batch, type BankStore, type TakenLine, type TakenStatement } from './bank-store.ts'
import { parseStatements } from './camt053.ts'
import { isExpected } from './match.ts'
import { type BankParty, type CreditTransfer, endToEndIdOf, paymentFile } from './pain001.ts'
import { painVersions, type PainVersion } from './pain-version.ts'
import { checkSchema, type SchemaCheck } from './schema-check.ts'

export interface BankOptions {
  readonly store: BankStore
  readonly payouts: Payouts
  readonly clock: Clock
  readonly seal: Seal
  /** Our account, which pays. */
  readonly debtor: BankParty
  /** Which message the bank takes; pain.001.001.09 unless told. */
  readonly version?: PainVersion | undefined
  readonly asset: Asset
}

const dayMs = 86_400_000

export class Bank {
  readonly #options: BankOptions

  constructor(options: BankOptions) {
    this.#options = options
  }

  /** All approved payouts of SEPA in one file; they are sent from then on, and in no other file. Throws `batch-empty`. */
  async batch(by: string, action?: Action): Promise<Batch> {
    const { store, clock, seal, debtor, version = 'pain.001.001.09', asset, payouts } = this.#options
    const nowMs = clock.nowMs()
    const id = newId('btch', nowMs)
    const batch = await store.batch({ id, nowMs, by, action, frozenAmong: (ids) => payouts.frozenAmong(ids) }, (records) => {
      const payments = records.map((record): CreditTransfer => {
        const destination = payouts.destinationOf(record)
        if (destination.rail !== 'sepa') throw new PayoutFault('destination-invalid', `${record.payout.id} does not go to a bank account`)
        const { name, iban, bic } = destination
        return { endToEndId: endToEndIdOf(record.payout.id, record.payout.attempt), amount: netOf(record.payout), creditor: { name, iban, bic }, remittance: `Payout ${endToEndIdOf(record.payout.id, record.payout.attempt)}` }
      })
      const file = paymentFile({ version, messageId: id.replace('_', '-'), createdMs: nowMs, executionDate: nextBankDay(nowMs), debtor, asset, payments })
      return { file: seal.seal(Buffer.from(file), id), total: payments.reduce((sum, { amount }) => sum + amount, 0n) }
    })
    if (batch === undefined) throw new PayoutFault('batch-empty', 'no approved payout waits for the bank')
    await payouts.work()
    return batch
  }

  /** The same bytes each time. Throws `batch-unknown`. */
  async file(id: string): Promise<Buffer> {
    const sealed = await this.#options.store.batchFile(id)
    if (sealed === undefined) throw new PayoutFault('batch-unknown', 'there is no such file')
    return this.#options.seal.open(sealed, id)
  }

  /** A file, the newest unless one is named, and what the ISO's own schema of its message says of it. Throws `batch-unknown`. */
  async checked(id?: string): Promise<{ readonly batch: Batch; readonly contents: Buffer; readonly check: SchemaCheck }> {
    const batch = (await this.batches()).find((one) => id === undefined || one.id === id)
    if (batch === undefined) throw new PayoutFault('batch-unknown', id === undefined ? 'no file was made yet' : 'there is no such file')
    const contents = await this.file(batch.id)
    const text = contents.toString()
    return { batch, contents, check: await checkSchema(text, painVersions.find((version) => text.includes(`:xsd:${version}"`)) ?? painVersions[0]) }
  }

  batches(): Promise<readonly Batch[]> {
    return this.#options.store.batches(100)
  }

  /** Newest first. Lines that a crash left waiting are matched before. */
  async statements(): Promise<readonly TakenStatement[]> {
    await this.#match()
    return this.#options.store.statements(100)
  }

  /** Takes the bank's statements, each once, and does what their lines say. Throws `statement-invalid`, `statement-foreign` for another account's. */
  async take(file: string, by: string, action?: Action): Promise<readonly TakenStatement[]> {
    const { store, clock, debtor, asset } = this.#options
    const parsed = parseStatements(file, asset)
    const foreign = parsed.find(({ iban }) => iban !== debtor.iban)
    if (foreign !== undefined) throw new PayoutFault('statement-foreign', 'this is the statement of another account than the one that pays')
    const hash = createHash('sha256').update(file).digest('hex')
    const nowMs = clock.nowMs()
    const kept: Id<'stmt'>[] = []
    for (const statement of parsed) {
      const id = await store.keep(newId('stmt', nowMs), statement, { hash, accountShown: `•••• ${debtor.iban.slice(-4)}`, by, nowMs, action })
      if (id === 'differs') throw new PayoutFault('statement-invalid', `statement ${statement.bankId.slice(0, 60)} was taken before, with another content: ask the bank which one is right`)
      kept.push(id)
    }
    await this.#match()
    return (await store.statements(200)).filter(({ id }) => kept.includes(id))
  }

  /**
   * An operator says to which payout a line belongs whose name the bank lost: then it does what it would have done. Throws `payout-unknown`, `line-differs` when it does not fit that payout, `line-explained` when it needs no word.
   */
  async assign(line: Pick<TakenLine, 'statementId' | 'number'>, payoutId: string): Promise<void> {
    const { store, clock, payouts } = this.#options
    const { payout } = await payouts.sentToBank(payoutId)
    const match = await store.assign(line, endToEndIdOf(payout.id, payout.attempt), clock.nowMs())
    if (match === undefined) throw new PayoutFault('line-explained', 'this line needs no explanation')
    if (!isExpected(match)) throw new PayoutFault('line-differs', `this line does not fit that payout: ${match.note ?? 'it is another one'}`)
    await payouts.work(payout.id)
  }

  /**
   * The bank has refused a payout before it booked anything, which its statements never say. Only once a statement goes beyond the day after it should have left, and none has a line that names it or could be it: nobody is paid twice by a word.
   * Throws `payout-unknown`, `payout-state`, `payout-at-bank`.
   */
  async refused(payoutId: string, reason: string, actor: Actor, action?: Action): Promise<PayoutRecord> {
    const { store, payouts } = this.#options
    const { payout, batchId } = await payouts.sentToBank(payoutId)
    const sent = await store.batchOf(batchId ?? '')
    if (payout.status !== 'sent' || sent === undefined) throw new PayoutFault('payout-state', 'only a payout that was given to the bank can be refused by it')
    const leftBy = Date.parse(nextBankDay(sent.createdMs)) + dayMs
    if (!(await store.isUnbooked(payout, leftBy))) {
      throw new PayoutFault('payout-at-bank', `the bank may still book this payout, or has booked something for it: take its statements beyond ${new Date(leftBy).toISOString().slice(0, 10)} first, and say what lines of this amount are`)
    }
    return payouts.decide(payout.id, { type: 'failed', reason }, actor, action)
  }

  /** What lines that wait bring. */
  async #match(): Promise<void> {
    const { store, clock, payouts } = this.#options
    for (let changed = await store.matchNext(clock.nowMs()); changed !== undefined; changed = await store.matchNext(clock.nowMs())) {
      for (const id of changed) await payouts.work(id)
    }
  }
}
