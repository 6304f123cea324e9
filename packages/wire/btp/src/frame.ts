/** BTP/2.0 frames (RFC 23): what two peers say to each other over one WebSocket, one frame per message. */

export const FrameType = { response: 1, error: 2, message: 6, transfer: 7 } as const

export const ContentType = { octets: 0, text: 1, json: 2 } as const

/** One sub-protocol of a frame. */
export interface SubProtocol {
  /** ASCII, for instance `ilp`, `auth`, `auth_token`. */
  readonly name: string
  /** One of ContentType; peers may use other bytes. */
  readonly contentType: number
  readonly data: Buffer
}

interface FrameHead {
  /** u32, chosen by who asks; the answer carries the same. */
  readonly requestId: number
  readonly protocols: readonly SubProtocol[]
}

export interface ResponseFrame extends FrameHead {
  readonly type: typeof FrameType.response
}

export interface MessageFrame extends FrameHead {
  readonly type: typeof FrameType.message
}

export interface ErrorFrame extends FrameHead {
  readonly type: typeof FrameType.error
  /** Three characters, F.. or T... */
  readonly code: string
  /** The name of the code, for instance `NotAcceptedError`. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly triggeredAtMs: number
  /** A message for people. */
  readonly message: string
}

export interface TransferFrame extends FrameHead {
  readonly type: typeof FrameType.transfer
  /** u64, units of the peers' settlement asset. */
  readonly amount: bigint
}

export type Frame = ResponseFrame | MessageFrame | ErrorFrame | TransferFrame
