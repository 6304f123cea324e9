/** Whether our books, our providers and our bank tell the same, and whether what must pass through an account has passed in its time. */
import type { Action } from '@rivulet/audit'
import { createHash } from 'node:crypto'
import { isFault } from '@rivulet/faults'
import { type Id, newId } from '@rivulet/ids'
import type { Account, Ledger, Transfer, TransferReason } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import { PayoutFault } from '../fault.ts'
import { netOf, type PayoutStatus, railNames, type RailName, sendsByItself } from '../payout.ts'
import type { PayoutRecord, PayoutStore } from '../payout-store.ts'
import { clearingName } from '../payouts.ts'
import type { BankStore, TakenLine, TakenStatement } from '../sepa/bank-store.ts'
import { payoutOf } from '../sepa/pain001.ts'
import { type ClearingItem, type ClearingReport, reportOf, uncovered } from './clearing.ts'
import { compare, type Finding, type Line } from './compare.ts'
import type { ProviderLine, ProviderStatement, ProviderStore, TakenProviderStatement } from './provider-store.ts'

export interface ReconciliationOptions {
  readonly ledger: Pick<Ledger, 'accountByName' | 'openAccount' | 'transfer' | 'transfersOf'>
  readonly payouts: PayoutStore
  readonly bank: BankStore
  readonly providers: ProviderStore
  readonly clock: Clock
  readonly asset: Asset
  /** Providers that pay what they hold to our bank, and how soon. */
  readonly settling: readonly { readonly name: string; readonly withinMs: number }[]
  /** The pots of pooled plans, by the name of the account, and the months that are not divided yet. */
  readonly pots?: () => Promise<readonly Pot[]>
}

export interface Pot {
  readonly name: string
  /** `amount`: units that its members have put in. */
  readonly months: readonly { readonly month: string; readonly amount: bigint; readonly endsMs: number; readonly dividing: boolean }[]
}

export interface Comparison {
  readonly between: readonly [string, string]
  /** What came before it was compared; null: there is no statement yet. */
  readonly untilMs: number | null
  readonly lines: number
  readonly findings: readonly Finding[]
}

export interface Reconciliation {
  readonly ok: boolean
  readonly checkedMs: number
  readonly clearing: readonly ClearingReport[]
  readonly comparisons: readonly Comparison[]
}

/** What an operator says a line of the bank's is, where no payout explains it. */
export type Explanation = { readonly as: 'bank-fee' } | { readonly as: 'own-funds' } | { readonly as: 'provider-settlement'; readonly provider: string; readonly reference: string }

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** A month's pot is divided as soon as the month is over. */
const potWithinMs = hourMs
const pageMax = 1_000
/** Beyond so many movements of one account the comparison is refused rather than cut. */
const movementsMax = 1_000_000
/** Of every day for ten years. */
const statementsMax = 4_000

export class ReconciliationService {
  readonly #options: ReconciliationOptions

  constructor(options: ReconciliationOptions) {
    this.#options = options
  }

  async run(): Promise<Reconciliation> {
    const { clock, settling } = this.#options
    const nowMs = clock.nowMs()
    const clearing: ClearingReport[] = []
    for (const rail of railNames) {
      const report = await this.#payouts(rail, nowMs)
      if (report !== undefined) clearing.push(report)
    }
    const sharing = await this.#sharing(nowMs)
    if (sharing !== undefined) clearing.push(sharing)
    for (const pot of (await this.#options.pots?.()) ?? []) {
      const report = await this.#pot(pot, nowMs)
      if (report !== undefined) clearing.push(report)
    }
    for (const provider of settling) {
      const report = await this.#provider(provider, nowMs)
      if (report !== undefined) clearing.push(report)
    }
    const comparisons = await this.#comparisons()
    const ok = clearing.every(({ late, unexplained }) => late.length === 0 && unexplained === 0n) && comparisons.every(({ findings }) => findings.length === 0)
    return { ok, checkedMs: nowMs, clearing, comparisons }
  }

  /** Keeps what a provider says, once. Throws `statement-invalid`. */
  async takeProvider(statement: ProviderStatement, by: string, action?: Action): Promise<void> {
    const { providers, clock } = this.#options
    if (statement.fromMs > statement.toMs) throw new PayoutFault('statement-invalid', 'the statement ends before it begins')
    const outside = statement.lines.find(({ atMs }) => atMs < statement.fromMs || atMs > statement.toMs)
    if (outside !== undefined) throw new PayoutFault('statement-invalid', `${outside.reference.slice(0, 80)} lies outside of the time of the statement`)
    const hash = createHash('sha256').update(JSON.stringify(statement, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).digest('hex')
    const nowMs = clock.nowMs()
    if (!(await providers.keep(newId('stmt', nowMs), statement, { hash, by, nowMs, action }))) throw new PayoutFault('statement-invalid', `statement ${statement.name.slice(0, 60)} was taken before, with another content`)
  }

  /** What was taken, the newest first. */
  providerStatements(limit: number): Promise<readonly TakenProviderStatement[]> {
    return this.#options.providers.statements(limit)
  }

  /** Books what a line of the bank's is. Once: by which transfer is written down before it moves, and holds whoever says otherwise meanwhile. Throws `line-explained` for a line that needs no word, `line-differs` for one that cannot be that. */
  async explain({ statementId, number }: Pick<TakenLine, 'statementId' | 'number'>, explanation: Explanation): Promise<void> {
    const { bank, ledger, asset } = this.#options
    const line = await bank.line(statementId, number)
    if (line === undefined || !['unknown', 'doubled', 'altered'].includes(line.outcome)) throw new PayoutFault('line-explained', 'this line needs no explanation')
    const ours = await ledger.openAccount({ name: 'bank[sepa]', kind: 'bank', asset, debitsMayExceedCredits: true })
    const { other, reason, key } = await this.#meaning(line, explanation)
    const [debit, credit] = line.amount > 0n ? [ours, other] : [other, ours]
    if (!(await bank.claim(line, key))) throw explainedOtherwise()
    try {
      await ledger.transfer({ key, debitAccountId: debit.id, creditAccountId: credit.id, amount: line.amount > 0n ? line.amount : -line.amount, reason })
    } catch (error) {
      if (!isFault(error, 'key-reused')) throw error
      // A key of the line's own is used by what somebody else has said of it; one of a settlement by another line.
      if (key.startsWith('explain:')) throw explainedOtherwise()
      await bank.unclaim(line, key)
      throw new PayoutFault('line-differs', 'this settlement is booked already, with another amount')
    }
    await bank.explain(line, { note: explanation.as, bookedKey: key })
  }

  async #meaning(line: TakenLine, explanation: Explanation): Promise<{ readonly other: Account; readonly reason: TransferReason; readonly key: string }> {
    const { ledger, asset } = this.#options
    const own = `explain:${line.statementId}/${line.number}`
    switch (explanation.as) {
      case 'bank-fee':
        return { other: await ledger.openAccount({ name: 'cost[sepa]', kind: 'fee', asset, debitsMayExceedCredits: true }), reason: 'bank-fee', key: own }
      case 'own-funds':
        return { other: await ledger.openAccount({ name: 'operator', kind: 'bank', asset, debitsMayExceedCredits: true }), reason: 'own-funds', key: own }
      case 'provider-settlement': {
        if (line.amount < 0n) throw new PayoutFault('line-differs', 'a settlement brings money')
        const other = await ledger.accountByName(`psp[${explanation.provider}]`)
        if (other === undefined) throw new PayoutFault('line-differs', `no provider is called ${explanation.provider.slice(0, 40)}`)
        return { other, reason: 'provider-settlement', key: settlementKey(explanation.provider, explanation.reference) }
      }
    }
  }

  /** Payouts of a rail that have not left: while one is being looked at it may move, so a sum that does not fit is read again. */
  async #payouts(rail: RailName, nowMs: number): Promise<ClearingReport | undefined> {
    const { ledger, payouts } = this.#options
    const name = clearingName(rail)
    for (let attempt = 1; ; attempt += 1) {
      const account = await ledger.accountByName(name)
      if (account === undefined) return undefined
      const records = await payouts.openOf(rail)
      const report = reportOf({ name, balance: balanceOf(account), items: records.map((record) => itemOf(record)) }, nowMs)
      const inFlight = rail === 'interledger' ? records.filter(({ payout }) => payout.status === 'sent').reduce((sum, { payout }) => sum + netOf(payout), 0n) : 0n
      const moving = report.unexplained < 0n && -report.unexplained <= inFlight
      if (report.unexplained === 0n || moving || attempt >= 3) return moving ? { ...report, unexplained: 0n } : report
    }
  }

  async #sharing(nowMs: number): Promise<ClearingReport | undefined> {
    const { ledger } = this.#options
    const account = await ledger.accountByName('sharing')
    if (account === undefined) return undefined
    const balance = balanceOf(account)
    const [last] = balance === 0n ? [] : await ledger.transfersOf(account.id, { limit: 1 })
    const items = last === undefined ? [] : [{ reference: last.key, amount: balance, waitsFor: 'shares', sinceMs: last.postedAtMs, dueMs: last.postedAtMs + 10 * minuteMs }]
    return reportOf({ name: account.name, balance, items }, nowMs)
  }

  /** A pot holds what was put in for months that are not divided. While one is, what is left of it is what the others leave; what was put in a moment ago, and is in no month yet, is the last movement. */
  async #pot({ name, months }: Pot, nowMs: number): Promise<ClearingReport | undefined> {
    const { ledger } = this.#options
    const account = await ledger.accountByName(name)
    if (account === undefined) return undefined
    const balance = balanceOf(account)
    const whole = months.filter(({ dividing }) => !dividing).reduce((sum, { amount }) => sum + amount, 0n)
    let left = balance > whole ? balance - whole : 0n
    const items: ClearingItem[] = []
    for (const { month, amount, endsMs, dividing } of months) {
      const rest = dividing ? (left < amount ? left : amount) : amount
      if (dividing) left -= rest
      if (rest > 0n) items.push({ reference: `${name} ${month}`, amount: rest, waitsFor: dividing ? 'shares' : 'month', sinceMs: endsMs, dueMs: endsMs + potWithinMs })
    }
    const [last] = left === 0n ? [] : await ledger.transfersOf(account.id, { limit: 1 })
    if (last?.creditAccountId === account.id && last.amount >= left && nowMs - last.postedAtMs <= 10 * minuteMs) items.push({ reference: last.key, amount: left, waitsFor: 'entry', sinceMs: last.postedAtMs, dueMs: last.postedAtMs + 10 * minuteMs })
    return reportOf({ name, balance, items }, nowMs)
  }

  async #provider({ name, withinMs }: ReconciliationOptions['settling'][number], nowMs: number): Promise<ClearingReport | undefined> {
    const account = await this.#options.ledger.accountByName(`psp[${name}]`)
    if (account === undefined) return undefined
    const movements = (await this.#movements(account, 0)).map((transfer) => ({ reference: transfer.key, amount: transfer.debitAccountId === account.id ? transfer.amount : -transfer.amount, atMs: transfer.postedAtMs }))
    const items = uncovered(movements).map(({ reference, amount, atMs }) => ({ reference, amount, waitsFor: 'settlement', sinceMs: atMs, dueMs: atMs + withinMs }))
    return reportOf({ name: account.name, balance: -balanceOf(account), items }, nowMs)
  }

  async #comparisons(): Promise<readonly Comparison[]> {
    const { bank, providers } = this.#options
    const statements = await bank.statements(statementsMax)
    const stated = statements.flatMap((statement) => statement.lines.filter(({ outcome }) => outcome !== 'new'))
    const altered = await this.#altered(stated.filter(isAltered))
    const bankLines = await this.#bankLines(stated.filter((line) => !isAltered(line)))
    const until = statements.length === 0 ? null : Math.max(...statements.map(({ toMs }) => toMs))
    const account = await this.#options.ledger.accountByName('bank[sepa]')
    const bankBooks = account === undefined || until === null ? [] : (await this.#movements(account, 0)).map((transfer) => lineOf(transfer, account.id))
    const comparisons: Comparison[] = [{ between: ['books', 'bank'], untilMs: until, lines: bankLines.length, findings: until === null ? [] : [...compare(bankBooks, bankLines, until), ...altered, ...gaps(statements)] }]
    for (const { provider, fromMs, toMs } of await providers.providers()) {
      const lines = await providers.lines(provider)
      const psp = await this.#options.ledger.accountByName(`psp[${provider}]`)
      const books = psp === undefined ? [] : sumByReference((await this.#movements(psp, fromMs)).map((transfer) => ({ ...lineOf(transfer, psp.id), reference: pspReference(provider, transfer.key) }))).map((line) => ({ ...line, reference: line.reference.replace(/#.*$/, '') }))
      comparisons.push({ between: ['books', provider], untilMs: toMs, lines: lines.length, findings: compare(books, lines.map((line) => ({ ...line, reference: providerReference(line) })), toMs) })
      if (until === null) continue
      const sent = lines.filter(({ kind }) => kind === 'settlement').map(({ reference, amount, atMs }) => ({ reference: settlementKey(provider, reference), amount: -amount, atMs }))
      const arrived = bankLines.filter(({ reference }) => reference.startsWith(settlementKey(provider, '')))
      // What the provider has sent is some days under way.
      comparisons.push({ between: [provider, 'bank'], untilMs: until, lines: arrived.length, findings: compare(sent, arrived, until - 5 * dayMs) })
    }
    return comparisons
  }

  /** Bookings of a payout with another amount than ours: the payout is still open, and its booking too. */
  async #altered(lines: readonly TakenLine[]): Promise<readonly Finding[]> {
    const findings: Finding[] = []
    for (const line of lines) {
      const record = line.payoutId === undefined ? undefined : await this.#options.payouts.get(line.payoutId)
      const booked = record === undefined ? undefined : line.amount < 0n ? -netOf(record.payout) : netOf(record.payout)
      findings.push({ kind: 'altered', reference: line.payoutId ?? line.names ?? '', booked, stated: line.amount, atMs: line.bookedMs })
    }
    return findings
  }

  /** Under the keys of the ledger that they must have there. */
  async #bankLines(lines: readonly TakenLine[]): Promise<readonly Line[]> {
    const { payouts } = this.#options
    const found: Line[] = []
    for (const line of lines) {
      const at = { atMs: line.bookedMs }
      const named = payoutOf(line.names ?? '')
      if (line.bookedKey !== undefined) found.push({ ...at, reference: line.bookedKey, amount: line.amount })
      else if (named !== undefined) found.push({ ...at, reference: `payout:${named.id}/${named.attempt}/${line.amount < 0n ? 'settle' : 'unsettle'}`, amount: line.amount })
      else if (line.outcome === 'settled' && line.names !== undefined) {
        // One booking for a whole file.
        for (const { payout, attempt } of await payouts.ofBatch(line.names.replace('-', '_'))) found.push({ ...at, reference: `payout:${payout.id}/${attempt}/settle`, amount: -netOf(payout) })
      } else found.push({ ...at, reference: `line ${line.number} of ${line.statementId}: ${line.description.slice(0, 80)}`, amount: line.amount })
    }
    return found
  }

  /** Since then, oldest first. Throws `statement-invalid` beyond a million. */
  async #movements(account: Account, fromMs: number): Promise<readonly Transfer[]> {
    const all: Transfer[] = []
    for (let before: Id<'xfer'> | undefined; all.length <= movementsMax; ) {
      const page = await this.#options.ledger.transfersOf(account.id, { limit: pageMax, ...(before !== undefined && { before }) })
      const wanted = page.filter(({ postedAtMs }) => postedAtMs >= fromMs)
      all.push(...wanted)
      before = page.at(-1)?.id
      if (page.length < pageMax || wanted.length < page.length || before === undefined) return all.toReversed()
    }
    throw new PayoutFault('statement-invalid', `${account.name} has too many movements to compare at once`)
  }
}

function explainedOtherwise(): PayoutFault {
  return new PayoutFault('line-explained', 'this line is explained otherwise already: look again')
}

/** How long each state may last, by rail where it matters. */
const lastsMs: Readonly<Record<Exclude<PayoutStatus, 'settled' | 'returned' | 'failed' | 'cancelled'>, { readonly byItself: number; readonly byPeople: number }>> = {
  requested: { byItself: 10 * minuteMs, byPeople: 10 * minuteMs },
  'awaiting-approval': { byItself: 3 * dayMs, byPeople: 3 * dayMs },
  approved: { byItself: 12 * hourMs, byPeople: 2 * dayMs },
  sent: { byItself: dayMs, byPeople: 5 * dayMs },
}

function itemOf({ payout, changedMs }: PayoutRecord): ClearingItem {
  const { status, rail } = payout
  const limits = status === 'settled' || status === 'returned' || status === 'failed' || status === 'cancelled' ? lastsMs.requested : lastsMs[status]
  return { reference: payout.id, amount: payout.amount, waitsFor: status, sinceMs: changedMs, dueMs: changedMs + (sendsByItself(rail) ? limits.byItself : limits.byPeople) }
}

function balanceOf({ creditsPosted, debitsPosted }: Account): bigint {
  return creditsPosted - debitsPosted
}

/** What an account of ours elsewhere gets is debited here. */
function lineOf({ key, debitAccountId, amount, postedAtMs }: Transfer, accountId: Id<'acct'>): Line {
  return { reference: key, amount: debitAccountId === accountId ? amount : -amount, atMs: postedAtMs }
}

/** And nobody has said yet what it is. */
function isAltered({ outcome }: TakenLine): boolean {
  return outcome === 'altered'
}

function settlementKey(provider: string, reference: string): string {
  return `settlement:${provider}/${reference}`
}

/** Budget, fee and VAT of a subscription are one charge to the provider, and what is given back, disputed or won back of it at once is one too: what follows `#` tells several apart. */
function pspReference(provider: string, key: string): string {
  const charge = /^(?:fund|fee|vat):(.*)$/.exec(key)
  const back = /^(refund|dispute|dispute-won|dispute-cost)(?:-fee|-vat|-loss|-beyond)?:(.*)$/.exec(key)
  if (back !== null) return `${back[1] ?? ''} ${back[2] ?? ''}`
  const cost = /^cost:(.*)$/.exec(key)
  const payout = /^payout:(.*)\/(settle|unsettle)$/.exec(key)
  return charge !== null ? `charge ${charge[1] ?? ''}` : cost !== null ? `fee ${cost[1] ?? ''}` : payout !== null ? `payout ${payout[1] ?? ''}${payout[2] === 'settle' ? '' : '#back'}` : key.startsWith(settlementKey(provider, '')) ? `settlement ${key.slice(settlementKey(provider, '').length)}` : key
}

function providerReference({ kind, reference }: ProviderLine): string {
  return `${kind} ${reference}`
}

function sumByReference(lines: readonly Line[]): readonly Line[] {
  return [...Map.groupBy(lines, ({ reference }) => reference)].map(([reference, group]) => ({ reference, amount: group.reduce((sum, { amount }) => sum + amount, 0n), atMs: group[0]?.atMs ?? 0 }))
}

/** A statement begins where the one before it ended; else one is missing between them. */
function gaps(statements: readonly TakenStatement[]): readonly Finding[] {
  const ordered = statements.toSorted((one, other) => one.toMs - other.toMs || one.uploadedMs - other.uploadedMs)
  return ordered.flatMap((statement, index) => {
    const before = ordered[index - 1]
    if (before === undefined || before.closing === statement.opening) return []
    return [{ kind: 'missing-in-statement' as const, reference: `a statement between ${before.bankId} and ${statement.bankId}`, booked: before.closing, stated: statement.opening, atMs: statement.toMs }]
  })
}
