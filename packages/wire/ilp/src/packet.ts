/** The three ILPv4 packets (RFC 27) as values, and the one thing that carries them. */

export const PacketType = { prepare: 12, fulfill: 13, reject: 14 } as const

/** RFC 27, ILP Prepare. */
export interface Prepare {
  /** Units of the asset of the link that carries it, 0 to 2^64-1. */
  readonly amount: bigint
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number
  /** 32 bytes. */
  readonly condition: Buffer
  /** ILP address, at most 1,023 characters (RFC 15). */
  readonly destination: string
  /** At most 32,767 bytes. */
  readonly data: Buffer
  /** The preimage of the condition, 32 bytes, where the sender of this process knows it: an answer is then compared instead of hashed. Never leaves the process. */
  readonly fulfillment?: Buffer
}

/** RFC 27, ILP Fulfill. */
export interface Fulfill {
  readonly type: typeof PacketType.fulfill
  /** 32 bytes whose SHA-256 is the condition. */
  readonly fulfillment: Buffer
  readonly data: Buffer
}

/** RFC 27, ILP Reject. */
export interface Reject {
  readonly type: typeof PacketType.reject
  /** Three characters: F.. final, T.. temporary, R.. relative to time. */
  readonly code: string
  /** ILP address of who rejected; may be empty. */
  readonly triggeredBy: string
  readonly message: string
  readonly data: Buffer
}

export type Reply = Fulfill | Reject

export function isFulfill(reply: Reply): reply is Fulfill {
  return reply.type === PacketType.fulfill
}

/** Answers one Prepare. Never throws: what goes wrong is a Reject. */
export type PacketHandler = (prepare: Prepare) => Promise<Reply>

/**
 * One hop to a peer, in whichever transport. `send` resolves to the peer's Fulfill or Reject, or to a Reject of our own when the Prepare
 * provably never left. It throws LinkFault `no-answer` when the outcome is unknown (link dropped, expired without an answer): the packet is then in doubt,
 * and money for it must stay reserved. An answer that comes after that goes to `late`, as long as the link still can carry it.
 */
export interface Link {
  send(prepare: Prepare, late?: LateListener): Promise<Reply>
}

/** Who wants the answer even after the packet was given up: a preimage says that the money is gone, whenever it comes. */
export interface LateListener {
  /** Until when an answer still changes anything, ms since 1970. May grow meanwhile. */
  wantedUntilMs(): number
  /** Called at most once, and only after `send` threw `no-answer`. */
  hear(reply: Reply): void
}
