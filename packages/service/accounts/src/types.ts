import { Fault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import type { Language } from '@rivulet/notify'
import { z } from 'zod'

export const roles = ['subscriber', 'publisher', 'operator'] as const
export type Role = (typeof roles)[number]

/** Of a person, as people write it: 1 to 100 characters, none of them a control character. */
export const personName = z.string().trim().min(1).max(100).regex(/^\P{Cc}*$/u, 'must not hold control characters')

/** Where money reaches a person: `url` is its public name in Open Payments, `ledgerAccountId` the account behind it. */
export interface WalletAddress {
  readonly id: Id<'wadr'>
  readonly personId: Id<'pers'>
  readonly role: Role
  /** One segment, lower case, unique among all wallet addresses: `alice`. */
  readonly path: string
  readonly url: string
  readonly publicName: string
  readonly asset: Asset
  readonly ledgerAccountId: Id<'acct'>
  /** The one that is meant when only the person is named; it comes with the person. */
  readonly main: boolean
}

/** A further wallet address of a person. */
export interface NewWalletAddress {
  readonly path: string
  /** What counterparties and consent pages call it: 1 to 100 characters. */
  readonly publicName: string
  /** Of this address for good: its ledger account counts in it. Scale 1 to 18, because Open Payments clients refuse 0. */
  readonly asset: Asset
}

/** Someone who can sign in, in exactly one role: the same e-mail may belong to a subscriber and to a publisher, who are two people here. */
export interface Person {
  readonly id: Id<'pers'>
  readonly role: Role
  readonly name: string
  readonly email: string
  /** In which the person is written to. */
  readonly language: Language
  /** While the operator has frozen the person: nothing is spent, nothing paid out, nobody signs in. Money still comes in. */
  readonly frozen?: Frozen
  /** Of an operator who sees everything and changes nothing. */
  readonly readOnly?: boolean
  /** The main one; operators have none. */
  readonly walletAddress: WalletAddress | undefined
}

export interface Frozen {
  readonly sinceMs: number
  /** In the operator's words, which the person reads. */
  readonly reason: string
}

export interface NewPerson {
  readonly role: Role
  readonly email: string
  /** 8 to 128 characters. */
  readonly password: string
  /** 1 to 100 characters. */
  readonly name: string
  /** Of the wallet address; made from the name unless told. */
  readonly path?: string
  /** Of an operator: sees everything, changes nothing. */
  readonly readOnly?: boolean
}

export type AccountsFaultCode =
  | 'person-invalid'
  | 'request-invalid'
  | 'email-taken'
  | 'person-unknown'
  | 'person-ambiguous'
  | 'path-invalid'
  | 'path-taken'
  | 'key-invalid'
  | 'key-differs'
  | 'keys-too-many'
  | 'key-unknown'
  | 'passkey-invalid'
  | 'passkey-unknown'
  | 'passkey-taken'
  | 'passkeys-too-many'
  | 'sign-in-unknown'
  | 'sign-in-old'
  | 'wallet-address-invalid'
  | 'wallet-address-unknown'
  | 'wallet-addresses-too-many'
  /** Nothing is spent or paid out while the operator has frozen the person. */
  | 'person-frozen'
  /** Frozen already, or not frozen. */
  | 'freeze-state'
  | 'operator-unknown'
  | 'operator-self'
  /** It is so already, or became so meanwhile. */
  | 'operator-changed'
  | 'operators-too-many'

export class AccountsFault extends Fault<AccountsFaultCode> {}
