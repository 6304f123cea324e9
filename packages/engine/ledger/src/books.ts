import { createHash } from 'node:crypto'
import { newId, type Id } from '@rivulet/ids'
import { amountMax } from '@rivulet/money'
import { refusal } from './fault.ts'
import type { Account, Counters, SendingStream, Transfer, TransferSpec } from './types.ts'

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export type AccountDraft = Mutable<Account>
export type SendingDraft = Mutable<SendingStream> & { postedAtMs: number; claimedUntilMs: number }

/** A receiving stream as the journal sees it. A tombstone has no accounts: it only keeps late credits out. */
export interface ReceivingDraft {
  readonly connection: Buffer
  readonly debitAccountId: Id<'acct'> | undefined
  readonly creditAccountId: Id<'acct'> | undefined
  readonly total: bigint
  posted: bigint
  /** Units of the link; 0 unless the debit account is an exchange's. */
  readonly linkTotal: bigint
  linkPosted: bigint
  postedAtMs: number
  closed: boolean
  closesAtMs: number
}

/** The place of a transfer in the hash chain of the process that wrote it. */
export interface ChainedTransfer extends Transfer {
  readonly chainLength: number
  readonly hash: Buffer
}

export interface ChainHead {
  readonly id: string
  readonly length: number
  readonly head: Buffer
}

/** Where what passed the link of an exchange is posted. */
export interface ExchangeAccounts {
  readonly farAccountId: Id<'acct'>
  readonly linkAccountId: Id<'acct'>
}

/** What the database holds, locked, of everything that a batch of entries touches. */
export interface BooksState {
  readonly nowMs: number
  readonly chain: ChainHead
  readonly accounts: ReadonlyMap<string, AccountDraft>
  readonly sending: Map<string, SendingDraft>
  /** By connection in hex; of ended connections only the totals. */
  readonly receiving: Map<string, ReceivingDraft>
  readonly ended: ReadonlyMap<string, { readonly total: bigint; readonly linkTotal: bigint }>
  readonly transfers: ReadonlyMap<string, Transfer>
  /** By the account in our asset. */
  readonly exchanges: ReadonlyMap<string, ExchangeAccounts>
}

/**
 * The rows that a batch has locked, and the arithmetic on them. Pure: entries change drafts, the journal's store writes what was touched. An entry that
 * is refused leaves no trace.
 */
export class Books {
  readonly nowMs: number
  readonly sending: Map<string, SendingDraft>
  readonly receiving: Map<string, ReceivingDraft>
  readonly ended: ReadonlyMap<string, { readonly total: bigint; readonly linkTotal: bigint }>
  readonly exchanges: ReadonlyMap<string, ExchangeAccounts>
  readonly touchedAccounts = new Set<AccountDraft>()
  readonly touchedSending = new Set<SendingDraft>()
  readonly touchedReceiving = new Set<ReceivingDraft>()
  readonly newSending = new Set<SendingDraft>()
  readonly newReceiving = new Set<ReceivingDraft>()
  readonly endedReceiving = new Set<ReceivingDraft>()
  readonly newTransfers: ChainedTransfer[] = []
  #chain: ChainHead
  readonly #accounts: ReadonlyMap<string, AccountDraft>
  readonly #transfers: Map<string, Transfer>
  /** How to take back what the entry at hand has changed. */
  #undo: (() => void)[] = []

  constructor(state: BooksState) {
    this.nowMs = state.nowMs
    this.sending = state.sending
    this.receiving = state.receiving
    this.ended = state.ended
    this.exchanges = state.exchanges
    this.#chain = state.chain
    this.#accounts = state.accounts
    this.#transfers = new Map(state.transfers)
  }

  get chain(): ChainHead {
    return this.#chain
  }

  /** Applies one entry whole or not at all. */
  attempt<Result>(entry: (books: Books) => Result): Result {
    this.#undo = []
    try {
      return entry(this)
    } catch (error) {
      for (const undo of this.#undo.toReversed()) undo()
      throw error
    }
  }

  account(id: Id<'acct'>): AccountDraft {
    const account = this.#accounts.get(id)
    if (account === undefined) throw refusal('account-unknown', `there is no account ${id}`)
    return account
  }

  /** Books a transfer, or returns the one that was booked under this key. */
  transfer(spec: TransferSpec, seen?: Counters): Transfer {
    const booked = this.#transfers.get(spec.key)
    if (booked !== undefined) {
      if (!sameContent(booked, spec)) throw refusal('key-reused', `key ${spec.key} was used for another transfer: a key names one transfer for ever`)
      return booked
    }
    const debit = this.account(spec.debitAccountId)
    if (seen !== undefined && (debit.debitsPosted !== seen.debitsPosted || debit.creditsPosted !== seen.creditsPosted || debit.debitsPending !== seen.debitsPending)) throw refusal('account-moved', `${debit.name} has moved meanwhile: look again`)
    return this.#post(spec, 0n)
  }

  /** Books a transfer of what is held: out of pending. */
  transferHeld(spec: TransferSpec): Transfer {
    return this.#post(spec, spec.amount)
  }

  hold(debitId: Id<'acct'>, creditId: Id<'acct'>, amount: bigint): void {
    const { debit, credit } = this.#pair(debitId, creditId)
    debit.debitsPending = counted(debit.debitsPending + amount)
    credit.creditsPending = counted(credit.creditsPending + amount)
    checkFunds(debit)
  }

  release(debitId: Id<'acct'>, creditId: Id<'acct'>, amount: bigint): void {
    this.hold(debitId, creditId, -amount)
  }

  changeSending(stream: SendingDraft, change: Partial<SendingDraft>): void {
    this.#change(stream, change)
    if (!this.newSending.has(stream)) this.#add(this.touchedSending, stream)
  }

  changeReceiving(row: ReceivingDraft, change: Partial<ReceivingDraft>): void {
    this.#change(row, change)
    if (!this.newReceiving.has(row)) this.#add(this.touchedReceiving, row)
  }

  insertSending(stream: SendingDraft): void {
    this.sending.set(stream.id, stream)
    this.#undo.push(() => this.sending.delete(stream.id))
    this.#add(this.newSending, stream)
  }

  insertReceiving(row: ReceivingDraft): void {
    const key = row.connection.toString('hex')
    this.receiving.set(key, row)
    this.#undo.push(() => this.receiving.delete(key))
    this.#add(this.newReceiving, row)
  }

  endReceiving(row: ReceivingDraft): void {
    this.#add(this.endedReceiving, row)
  }

  #post(spec: TransferSpec, fromHold: bigint): Transfer {
    if (spec.amount < 1n) throw refusal('amount-invalid', `a transfer moves at least one unit, not ${spec.amount}`)
    if (spec.amount > amountMax) throw refusal('amount-too-large', `a transfer moves at most 2^62 units, not ${spec.amount}`)
    const { debit, credit } = this.#pair(spec.debitAccountId, spec.creditAccountId)
    debit.debitsPending = counted(debit.debitsPending - fromHold)
    credit.creditsPending = counted(credit.creditsPending - fromHold)
    debit.debitsPosted = counted(debit.debitsPosted + spec.amount)
    credit.creditsPosted = counted(credit.creditsPosted + spec.amount)
    checkFunds(debit)
    const transfer: Transfer = { ...spec, id: newId('xfer', this.nowMs), postedAtMs: this.nowMs }
    const before = this.#chain
    const chainLength = before.length + 1
    const hash = chainHash(before.head, canonical(transfer, chainLength))
    this.#chain = { id: before.id, length: chainLength, head: hash }
    this.newTransfers.push({ ...transfer, chainLength, hash })
    this.#transfers.set(spec.key, transfer)
    this.#undo.push(() => {
      this.#chain = before
      this.newTransfers.pop()
      this.#transfers.delete(spec.key)
    })
    return transfer
  }

  #pair(debitId: Id<'acct'>, creditId: Id<'acct'>): { debit: AccountDraft; credit: AccountDraft } {
    const debit = this.account(debitId)
    const credit = this.account(creditId)
    if (debit === credit) throw refusal('assets-differ', `a posting needs two accounts, both sides are ${debit.name}`)
    if (debit.asset.code !== credit.asset.code || debit.asset.scale !== credit.asset.scale) throw refusal('assets-differ', `${debit.name} and ${credit.name} have different assets: book through a pair of link accounts`)
    this.#change(debit, {})
    this.#change(credit, {})
    this.#add(this.touchedAccounts, debit)
    this.#add(this.touchedAccounts, credit)
    return { debit, credit }
  }

  #change<Row extends object>(row: Row, change: Partial<Row>): void {
    const before = { ...row }
    this.#undo.push(() => Object.assign(row, before))
    Object.assign(row, change)
  }

  #add<Row>(rows: Set<Row>, row: Row): void {
    if (rows.has(row)) return
    rows.add(row)
    this.#undo.push(() => rows.delete(row))
  }
}

/** The bytes that a transfer adds to its chain. The key comes last: no field before it can hold a line break. verify-store.ts writes the same in SQL. */
function canonical(transfer: Transfer, chainLength: number): string {
  const { id, debitAccountId, creditAccountId, amount, reason, stream, postedAtMs, key } = transfer
  return [chainLength, id, debitAccountId, creditAccountId, amount, reason, stream ?? '', postedAtMs, key].join('\n')
}

function chainHash(previous: Buffer, content: string): Buffer {
  return createHash('sha256').update(previous).update(content).digest()
}

function counted(value: bigint): bigint {
  if (value > amountMax) throw refusal('amount-too-large', 'a counter of an account cannot exceed 2^62 units')
  return value
}

function checkFunds(account: AccountDraft): void {
  if (account.debitsMayExceedCredits || account.debitsPending + account.debitsPosted <= account.creditsPosted) return
  throw refusal('funds-insufficient', `${account.name} has too little: ${account.creditsPosted - account.debitsPosted} units posted, of which ${account.debitsPending} would be held`)
}

function sameContent(booked: Transfer, spec: TransferSpec): boolean {
  return booked.debitAccountId === spec.debitAccountId && booked.creditAccountId === spec.creditAccountId && booked.amount === spec.amount && booked.reason === spec.reason && booked.stream === spec.stream
}
