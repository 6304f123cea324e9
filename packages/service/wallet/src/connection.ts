import { Fault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'

/** A person as the wallet needs her: who, and the account her budget stands on. */
export interface Subscriber {
  readonly personId: Id<'pers'>
  readonly name: string
  readonly email: string
  /** URL of her wallet address: how she is called on streams. */
  readonly walletAddress: string
  readonly accountId: Id<'acct'>
  readonly asset: Asset
}

/** That a subscriber consented to pay one site (an origin), from one browser or several. */
export interface Connection {
  readonly id: Id<'conn'>
  readonly personId: Id<'pers'>
  readonly site: string
  readonly createdMs: number
  readonly blocked: boolean
  /** Units that the site may get in a calendar month (UTC). */
  readonly capPerMonth: bigint | undefined
  /** Units a second that she chose for this site; undefined: the usual. */
  readonly rate: bigint | undefined
}

/** The challenge that an agent registered for its site (PKCE S256, RFC 7636). */
export interface Challenge {
  readonly challenge: string
  readonly site: string
  readonly expiresMs: number
  readonly redeemed: boolean
}

export interface UsageEntry {
  readonly personId: string
  readonly site: string
  /** Wallet address of the payee. */
  readonly payee: string
  /** UTC, `2026-01-31`. */
  readonly day: string
  readonly amount: bigint
  readonly attentionMs: bigint
  /** What her visits scored, millionths of a point (attention-score.ts). */
  readonly score: bigint
}

export type WalletFaultCode =
  | 'request-invalid'
  | 'origin-foreign'
  | 'site-invalid'
  | 'too-many-requests'
  | 'challenge-unknown'
  | 'challenge-expired'
  | 'challenge-used'
  | 'code-unknown'
  | 'code-used'
  | 'code-expired'
  | 'site-mismatch'
  | 'verifier-missing'
  | 'verifier-mismatch'
  | 'connections-too-many'
  | 'connection-unknown'
  | 'rate-out-of-range'
  | 'person-unknown'
  | 'token-invalid'
  | 'wallet-stopping'
  | 'person-frozen'
  | 'streams-stopped'

/** Refusals of the wallet's own doors. */
export class WalletFault extends Fault<WalletFaultCode> {}
