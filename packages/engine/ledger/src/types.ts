import type { Fault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Asset, Ratio } from '@rivulet/money'

/** What an account is for: see the chart of accounts in docs/ledger.md. */
export type AccountKind = 'subscriber' | 'publisher' | 'link' | 'exchange' | 'psp' | 'bank' | 'fee' | 'loss' | 'dust'

/** A double-entry account. The four counters are its whole theory; all are units of its asset and never negative. */
export interface Account {
  readonly id: Id<'acct'>
  /** Unique, legible: `subscriber[alice]`, `link[receiver]@wallet`, `psp[sandbox]`, `loss@wallet`. */
  readonly name: string
  readonly kind: AccountKind
  readonly asset: Asset
  readonly debitsPending: bigint
  readonly debitsPosted: bigint
  readonly creditsPending: bigint
  readonly creditsPosted: bigint
  /** Whether posted and pending debits may exceed posted credits. The database refuses what this flag forbids. */
  readonly debitsMayExceedCredits: boolean
}

/**
 * Where an asset of ours meets the asset of a peer's link. A stream of another asset than the link's names `account` in place of the link account; what passed the link is posted between
 * `farAccount` and the link account. What the two sides hold is our position in both assets.
 */
export interface Exchange {
  /** In our asset. */
  readonly account: Account
  /** In the link's asset. */
  readonly farAccount: Account
}

export interface ExchangeSpec {
  /** Of whom it is with, for the names of both accounts: `exchange[name]@EUR/9`. */
  readonly name: string
  /** Ours; differs from the link's. */
  readonly asset: Asset
  readonly linkAccountId: Id<'acct'>
}

export type AccountSpec = Pick<Account, 'name' | 'kind' | 'asset' | 'debitsMayExceedCredits'>

/** `posted` is posted credits less posted debits, `pending` what is held for debits, `accrued` what open streams have moved but not posted (signed: credits less debits). */
export interface Balance {
  readonly posted: bigint
  readonly pending: bigint
  readonly accrued: bigint
  readonly asset: Asset
}

/** What was posted to or from an account on one day, for one reason and, where a stream of our own wallet brought it, from one site. */
export interface Movement {
  readonly accountId: Id<'acct'>
  /** UTC, days since 1970-01-01. */
  readonly day: number
  readonly reason: string
  /** Origin of the page that was read. */
  readonly site: string | undefined
  /** Units; negative when it left the account. */
  readonly amount: bigint
}

/** The movements of a period and the posted balances around it, of one moment: `opening` and the movements of an account add up to `closing`. */
export interface Movements {
  readonly movements: readonly Movement[]
  readonly balances: ReadonlyMap<Id<'acct'>, { readonly opening: bigint; readonly closing: bigint }>
}

/** A connection that takes more, and what it has brought so far. */
export interface OpenReceivingStream {
  /** In hex. */
  readonly connection: string
  readonly accountId: Id<'acct'>
  readonly total: bigint
  /** Origin of the page that is read, where a stream of our own wallet brings it. */
  readonly site: string | undefined
}

/** What accounts earn, of one moment: earned is what readers, shares and other pointers brought, neither returned payouts nor corrections. */
export interface Earnings {
  /** `posted` is the balance now, `booked` came since then, `passedOn` left to other pointers since then, `arriving` is what open streams brought and have not posted. */
  readonly accounts: ReadonlyMap<Id<'acct'>, { readonly posted: bigint; readonly booked: bigint; readonly passedOn: bigint; readonly arriving: bigint }>
  /** Those that posted last first. */
  readonly streams: readonly OpenReceivingStream[]
}

/** What left an account on one day: posted, and on the day on which one asks what its open streams have paid without posting it yet. Streams of the same reason, site and payee are one. */
export interface Spent {
  /** UTC, days since 1970-01-01. */
  readonly day: number
  readonly reason: string
  /** Of a transfer that belongs to no stream. */
  readonly key: string | undefined
  /** Where no page was read: the stream of which it is. */
  readonly stream: Id<'strm'> | undefined
  /** Origin of the page that was read. */
  readonly site: string | undefined
  /** Wallet address, or incoming payment, that the stream paid. */
  readonly payee: string | undefined
  /** Units, above zero. */
  readonly amount: bigint
}

/** `total` is all that was ever posted to an account, without what only came back to it: returned payouts, shares that nobody elsewhere took, and corrections. It never shrinks. `available` is posted and not held. */
export interface Income {
  readonly total: bigint
  readonly available: bigint
  /** Of the same moment. */
  readonly counters: Counters
}

/** An account as it was at a moment: what is decided by it is booked only while it is still so. */
export type Counters = Pick<Account, 'debitsPending' | 'debitsPosted' | 'creditsPosted'>

/** Why a transfer is made: every movement that the house knows. docs/ledger.md says of each what it debits and credits, and a test asserts rows of it (see `tools/ledger-rows.test.ts`). */
export type TransferReason =
  | 'deposit' | 'subscription' | 'subscription-fee' | 'vat' | 'provider-fee' | 'trial' | 'sharing' | 'share' | 'pooling' | 'split' | 'split-return' | 'share-return' | 'share-returned' | 'share-unclaimed'
  | Taken<'refund'> | Taken<'dispute'> | Taken<'dispute-won'> | 'dispute-beyond' | 'dispute-won-beyond' | 'dispute-cost' | 'dispute-cost-returned'
  | 'stream' | 'stream-link' | 'stream-excess' | 'fee'
  | 'payout' | 'payout-settled' | 'payout-fee' | 'payout-return' | 'payout-returned' | 'payout-fee-returned'
  | 'bank-fee' | 'provider-settlement' | 'own-funds' | 'settlement' | 'correction'

/** A payment that is taken back, or comes back: of the budget, and of the other parts. */
export type Taken<What extends string> = `${What}${'' | '-fee' | '-vat' | '-loss'}`

export interface TransferSpec {
  /** Idempotency key, unique in the ledger: same key and same content gives the same answer, other content is refused (`key-reused`). */
  readonly key: string
  readonly debitAccountId: Id<'acct'>
  readonly creditAccountId: Id<'acct'>
  /** 1 to 2^62 units of the asset that both accounts share. */
  readonly amount: bigint
  readonly reason: TransferReason
  /** The stream whose accrual it posts: a `strm_` id, or a connection as hex. */
  readonly stream?: string
}

export interface Transfer extends Omit<TransferSpec, 'reason'> {
  readonly reason: string
  readonly id: Id<'xfer'>
  readonly postedAtMs: number
}

export type LedgerRefusalCode =
  | 'account-unknown'
  | 'account-differs'
  | 'assets-differ'
  | 'amount-invalid'
  | 'amount-too-large'
  | 'funds-insufficient'
  | 'account-moved'
  | 'key-reused'
  | 'stream-unknown'
  | 'stream-closed'
  | 'owner-fenced'
  | 'settle-too-early'
  | 'history-too-long'
  | 'database-unavailable'

/** Every refusal of the ledger. `database-unavailable` says that nothing is known to have been written. */
export type LedgerRefusal = Fault<LedgerRefusalCode>

/** What the wallet may still do on a stream without asking the ledger again. All three are durable before they are used. */
export interface StreamLease {
  /** Units of the debit account that are held in all since the stream was opened. total + in flight <= held. */
  readonly held: bigint
  /** Highest STREAM sequence that may be used. A new owner starts above it. */
  readonly sequenceCeiling: number
  /** No packet of the stream may expire later than this, ms since 1970. */
  readonly sendUntilMs: number
}

/** How another process goes on with a stream, or asks about it. */
export interface StreamResume {
  /** ILP address of the receiver's connection. */
  readonly destination: string
  /** Sealed by the caller; the ledger never sees a STREAM secret in the clear. */
  readonly encryptedSecret: Buffer
  /** Whether the receiving role writes to this same ledger, over a link of one asset: what arrived over it settles doubts exactly. */
  readonly receiverIsOurs: boolean
  /**
   * Units of the debit account for one unit of the link, where that counts in another asset. Where the receiver is ours what arrived costs so much, rounded up, whoever settles the row and whenever: only
   * for a row of which nothing is booked before its end. With an `arrival` it says what passed the link.
   */
  readonly linkPrice?: Ratio | undefined
  /** Of a receiver that does not write to this ledger and counts in another asset than the payer: without it the receiver's word settles nothing. */
  readonly arrival?: ExpectedArrival | undefined
}

/** What a receiver of others is expected to get for what it is paid. */
export interface ExpectedArrival {
  /** Of the receiver: its total is in it. */
  readonly asset: Asset
  /** Units of the debit account for one unit that arrives, as agreed: for what arrived before anything was booked. What is booked says it better. */
  readonly price: Ratio
  /** Most that packets may take in all, units of the debit account; not set: the hold. */
  readonly most?: bigint | undefined
  /** Units of the receiver that are all of what was bought: once it has them, all of `most` is paid. */
  readonly whole?: bigint | undefined
}

export interface SendingStreamSpec extends StreamLease {
  readonly id: Id<'strm'>
  readonly debitAccountId: Id<'acct'>
  /** The `link[..]` account of the peer that the packets go to, or the account of an exchange with it when the link counts in another asset. */
  readonly creditAccountId: Id<'acct'>
  /** The `loss` account that takes what was paid beyond the hold. */
  readonly lossAccountId: Id<'acct'>
  /** SHA-256 of the ILP address of the connection, 32 bytes. */
  readonly connection: Buffer
  /** Units a second. */
  readonly rate: bigint
  readonly resume: StreamResume
  readonly ownerId: Id<'ownr'>
  /** For people: who pays whom. At most 2 kB as JSON, no paths of pages. */
  readonly label: StreamLabel
}

export interface StreamLabel {
  readonly payer: string
  readonly payee: string
  /** Origin of the page, if any. */
  readonly site?: string
}

export interface SendingStream extends SendingStreamSpec {
  readonly state: 'open' | 'in-doubt' | 'closed'
  /** Units paid out of the hold. */
  readonly total: bigint
  readonly posted: bigint
  /** Units paid beyond the hold, borne by the loss account. 0 unless something went wrong. */
  readonly excess: bigint
  /** Units of the link that the paid packets carried; 0 where the link counts in the debit account's asset. */
  readonly linkTotal: bigint
  readonly linkPosted: bigint
  /** Units of the receiver that the paid packets brought, as it said; 0 where its word is in units of the debit account. */
  readonly delivered: bigint
  readonly ownerEpoch: number
  readonly openedAtMs: number
  readonly closeReason: string | undefined
}

/** What we keep of a payment at its end. */
export interface StreamCharge {
  /** A `fee` account. */
  readonly accountId: Id<'acct'>
  /** Units of the debit account, at least 1. */
  readonly amount: bigint
}

/** What the packets of a total carried over the link of an exchange, and brought to a receiver whose arrival is expected. */
export interface Carried {
  /** Units of the link. */
  readonly linkTotal?: bigint | undefined
  /** Units of the receiver. */
  readonly delivered?: bigint | undefined
}

/** The sending side's rows. Writes other than `open` carry the owner's epoch; a fenced owner gets `owner-fenced`. */
/** All streams of one state and asset together. */
export interface SendingTotals {
  readonly state: 'open' | 'in-doubt'
  readonly assetCode: string
  readonly assetScale: number
  readonly streams: number
  /** Sum of the rates, units a second. */
  readonly rate: bigint
}

export interface SendingStreams {
  /** Holds `held` and inserts the row, durable when it resolves. Throws `funds-insufficient`, `account-unknown`, `database-unavailable`. */
  open(spec: SendingStreamSpec): Promise<{ readonly ownerEpoch: number }>
  /** Raises the hold and the lease. Throws `funds-insufficient` (nothing changed), `owner-fenced`, `stream-closed`, `database-unavailable`. */
  extend(id: Id<'strm'>, ownerEpoch: number, lease: StreamLease): Promise<void>
  /**
   * Books fulfilled packets: `total` is all that this stream has paid since it was opened and only grows. Group-committed; resolves when durable. Never
   * refused for money: an excess over the hold goes to `loss`. `linkTotal`, units of the link, belongs to a row that is paid through an exchange, `delivered`, units of the receiver, to one with an
   * `arrival`. Throws `owner-fenced`, `database-unavailable`.
   */
  book(id: Id<'strm'>, ownerEpoch: number, total: bigint, carried?: Carried): Promise<void>
  /**
   * Posts total - posted, releases held - total, ends the row. Idempotent. A charge is taken out of what was held and not paid, in the same entry. Throws `funds-insufficient` for a charge beyond
   * that, and nothing is closed.
   */
  close(id: Id<'strm'>, ownerEpoch: number, reason: string, charge?: StreamCharge): Promise<void>
  /** Leaves the row held, to be settled after `sendUntilMs` + 5 s: packets are out whose answer is not known. */
  leaveInDoubt(id: Id<'strm'>, ownerEpoch: number, reason: string): Promise<void>
  /**
   * Takes rows whose owner is gone: in doubt or open, with `sendUntilMs` + 5 s passed. Raises their epoch, so that the old owner is fenced, and leaves them
   * in doubt. At most `limit` rows; nobody else is handed them for the next minute, which is the time to settle them.
   */
  takeOver(ownerId: Id<'ownr'>, limit: number): Promise<readonly SendingStream[]>
  /**
   * Ends a stream in doubt. When the receiving role is ours its connection is closed and what arrived over the link is booked: exact where the link counts in the payer's asset. Otherwise `receiverTotal`
   * is the receiver's word, in units of the row's `arrival`, else of the sender: at most what is in doubt is booked for it, and none or less than booked means unknown; through an exchange without an `arrival` it
   * counts as none.
   * Idempotent. Throws `settle-too-early` before `sendUntilMs` + 5 s, `owner-fenced`, `stream-unknown`, `database-unavailable`.
   */
  settle(id: Id<'strm'>, ownerEpoch: number, receiverTotal?: bigint): Promise<SendingStream>
  get(id: Id<'strm'>): Promise<SendingStream | undefined>
  list(filter: { readonly states: readonly SendingStream['state'][]; readonly limit: number }): Promise<readonly SendingStream[]>
  /** Counts the streams that are not closed, for whom a list is too long. */
  totals(): Promise<readonly SendingTotals[]>
}

/** One packet that the receiver wants to fulfil. */
export interface Credit {
  /** SHA-256 of the ILP address of the connection, 32 bytes. */
  readonly connection: Buffer
  /** STREAM sequence, 1 to 2^53-1. */
  readonly sequence: number
  /** Units, 1 or more; 0 only marks the sequence as seen. */
  readonly amount: bigint
  /** The `link[..]` account of the peer it came from, or the account of an exchange with it when the link counts in another asset. */
  readonly debitAccountId: Id<'acct'>
  /** Units of the link that came, where `debitAccountId` is an exchange's. */
  readonly linkAmount?: bigint
  readonly creditAccountId: Id<'acct'>
  /** Most that the connection may receive in all, for instance the amount of its incoming payment. */
  readonly totalMax: bigint
  /** The connection takes nothing after this, ms since 1970. */
  readonly closesAtMs: number
  /** When the packet expires, ms since 1970. With less than 3 s left it does not enter a flush. */
  readonly expiresAtMs: number
}

/** `total` is the connection's, with this packet and all before it. */
export type CreditResult =
  | { readonly applied: true; readonly total: bigint }
  | { readonly applied: false; readonly why: 'repeat' | 'too-late' | 'over-total' | 'connection-closed' | 'commit-failed' | 'overloaded' }

export interface ReceivingTotal {
  readonly total: bigint
  readonly closed: boolean
}

/** The receiving side's rows. */
export interface ReceivingStreams {
  /** Group-committed. Resolves only when the credit is durable, or is known not to be; while the outcome of a commit is unknown it does not resolve. */
  credit(credit: Credit): Promise<CreditResult>
  /** Total received on a connection, 0 if it is unknown. */
  totalOf(connection: Buffer): Promise<bigint>
  /** What connections received and whether they take more, in the order of the question; an unknown one has received nothing and is open. */
  statesOf(connections: readonly Buffer[]): Promise<readonly ReceivingTotal[]>
  /**
   * The sender has closed the connection: post what accrued, take no more. Idempotent. One on which nothing has come yet is left alone, unless `untilMs` says how long
   * its credentials live, ms since 1970: then what still comes is refused too.
   */
  close(connection: Buffer, untilMs?: number): Promise<void>
}

/** A posting, by its place in the chain of the process that wrote it; what a connection received and to which account, where it is that. */
export interface ReceivedPosting {
  readonly chainId: string
  readonly chainLength: bigint
  readonly received?: { readonly connection: Buffer; readonly accountId: Id<'acct'> }
}

/** A transfer with its place in the hash chain of the process that wrote it. */
export interface ChainedTransfer extends Transfer {
  readonly chainId: string
  readonly chainLength: bigint
  /** SHA-256 as it was written, hex. */
  readonly hash: string
  /** Of the transfer before it in its chain, or what the chain began with; undefined when that row is missing. */
  readonly previousHash: string | undefined
  /** What is hashed after the previous hash, UTF-8. */
  readonly content: string
  /** SHA-256 over the two, as they are now: differs from `hash` when anything was changed. */
  readonly recomputedHash: string
  /** What was written beside it for the same thing: fee and budget of one charge, both sides of an exchange. */
  readonly sameEntry: readonly Transfer[]
}

/** What was posted to an account before a time. */
export interface BalanceAt {
  readonly debitsPosted: bigint
  readonly creditsPosted: bigint
}

/** All that was posted in a time for one reason between accounts of two kinds. */
export interface Flow {
  readonly reason: string
  readonly debitKind: AccountKind
  readonly creditKind: AccountKind
  readonly asset: Asset
  readonly amount: bigint
}

/** A stream as its page shows it. */
export interface KeptStream extends SendingStream {
  readonly asset: Asset
  readonly postedAtMs: number
  readonly closedAtMs: number | undefined
  /** What the receiving role of these books was credited over its connection; undefined where the receiver is somebody else's. */
  readonly received: bigint | undefined
  /** Highest STREAM sequence that our receiver has seen, which counts the packets; undefined once the connection has ended, and for a receiver of somebody else's. */
  readonly packetsSeen: number | undefined
}

/** One thing that `verify` found wrong: the check, the row, and what was expected. */
export interface VerifyProblem {
  readonly check: string
  readonly row: string
  readonly message: string
}

export interface VerifyReport {
  readonly ok: boolean
  readonly problems: readonly VerifyProblem[]
  readonly accounts: number
  readonly transfers: number
  readonly streamsOpen: number
  readonly streamsInDoubt: number
  /** Ids of streams in doubt, at most 100: listed, not wrong. */
  readonly inDoubt: readonly string[]
  readonly chains: number
  readonly totals: readonly { readonly assetCode: string; readonly assetScale: number; readonly debitsPosted: string; readonly creditsPosted: string }[]
}
