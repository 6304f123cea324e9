import type { LateListener, Prepare, Reply } from '@rivulet/ilp'
import type { Peer } from './peer.ts'

/** Answers packets that end in this process. `from` is the peer that handed it over, with the ledger account that clears with it. */
export type LocalHandler = (prepare: Prepare, from: Peer) => Promise<Reply>

export type Target = { readonly kind: 'peer'; readonly peer: Peer } | { readonly kind: 'local'; readonly handler: LocalHandler }

/** One packet on its way through this process. */
export interface Packet {
  readonly prepare: Prepare
  readonly from: Peer
  /** Whom the longest matching prefix names; undefined when none does. */
  readonly to: Target | undefined
  /** Only of packets of this process: a peer is answered in time or not at all. */
  readonly late?: LateListener | undefined
}

export type Next = (packet: Packet) => Promise<Reply>

/**
 * One step in the life of a packet: answers it, or hands it (changed, if need be) to `next` and sees the reply. Throws LinkFault `no-answer` when the outcome is
 * unknown, and lets it pass when `next` throws it.
 */
export type Rule = (packet: Packet, next: Next) => Promise<Reply>

/** `next`, where one that throws at once is one whose promise fails. */
export function attempt(packet: Packet, next: Next): Promise<Reply> {
  try {
    return next(packet)
  } catch (error) {
    return Promise.reject(error)
  }
}
