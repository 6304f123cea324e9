import type { Id } from '@rivulet/ids'
import type { DuplexLink } from '@rivulet/links'
import type { Asset } from '@rivulet/money'

/** What a peer may do to us, and how fast it may be asked. Amounts are units of the peer's asset. */
export interface PeerLimits {
  /** Largest amount of one packet, in either direction. */
  readonly packetAmountMax: bigint
  /** Packets that we take from the peer, evenly spaced but for `packetsBurstMax`. */
  readonly packetsPerSecondMax: number
  /** How many packets may come at once after a pause. */
  readonly packetsBurstMax: number
  /** Packets that the peer takes from us: ours leave evenly spaced. Not paced unless told. */
  readonly outgoingPacketsPerSecondMax?: number
  /** Most that the peer may owe us, in-flight packets included. */
  readonly owedMax: bigint
}

/** How we pay a peer what we owe it, outside of ILP (RFC 38). */
export interface Settlement {
  /** Settle once we owe at least this much, units of the peer's asset. */
  readonly thresholdUnits: bigint
  /** Pays `units`. When it throws, the units are owed again and the next packet asks anew. */
  settle(units: bigint): Promise<void>
}

/** How far a peer is trusted: what counts its packets against the most that it may owe us. */
export interface CreditLine {
  /** Counts a packet in flight, `units` of the peer's asset; false when the peer would then owe more than it may. A promise while that must be asked elsewhere. */
  reserve(units: bigint): boolean | Promise<boolean>
  /** The packet has ended. Fulfilled: its credit is durable. */
  release(units: bigint, fulfilled: boolean): void
}

export interface PeerSpec {
  /** Unique and legible, for instance `receiver`. */
  readonly id: string
  /** The peer's own ILP address, told to it by ILDCP; what lies below it is routed to it. */
  readonly address: string
  /** What amounts on the link count. */
  readonly asset: Asset
  readonly link: DuplexLink
  /** The ledger account `link[..]` that clears with this peer. */
  readonly linkAccountId?: Id<'acct'>
  readonly limits: PeerLimits
  readonly settlement?: Settlement
  /** In place of a limit of this process alone. */
  readonly credit?: CreditLine
  /** Of another operator. Nothing is carried between two of these: no account of ours would clear it. */
  readonly external?: boolean
  /** Nothing is taken from it and nothing sent to it (T01). */
  readonly paused?: boolean
}

/** Where a packet comes from or goes to. `link` is undefined for this process itself. */
export type Peer = Omit<PeerSpec, 'link'> & { readonly link: DuplexLink | undefined }
