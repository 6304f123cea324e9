/** The frames of STREAM (RFC 29 section 5.3, and the receipts of RFC 39). Amounts and offsets are u64; stream ids go up to 2^53-1 here. */

export const FrameType = {
  connectionClose: 0x01,
  connectionNewAddress: 0x02,
  connectionMaxData: 0x03,
  connectionDataBlocked: 0x04,
  connectionMaxStreamId: 0x05,
  connectionStreamIdBlocked: 0x06,
  connectionAssetDetails: 0x07,
  streamClose: 0x10,
  streamMoney: 0x11,
  streamMaxMoney: 0x12,
  streamMoneyBlocked: 0x13,
  streamData: 0x14,
  streamMaxData: 0x15,
  streamDataBlocked: 0x16,
  streamReceipt: 0x17,
} as const

/** Why a connection or stream ends (RFC 29 section 5.4). */
export const StreamErrorCode = {
  noError: 1,
  internalError: 2,
  endpointBusy: 3,
  flowControlError: 4,
  streamIdError: 5,
  streamStateError: 6,
  frameFormatError: 7,
  protocolViolation: 8,
  applicationError: 9,
} as const

type Of<Name extends keyof typeof FrameType, Fields> = { readonly type: (typeof FrameType)[Name] } & Readonly<Fields>

export type Frame =
  | Of<'connectionClose', { errorCode: number; errorMessage: string }>
  | Of<'connectionNewAddress', { sourceAccount: string }>
  | Of<'connectionMaxData', { maxOffset: bigint }>
  | Of<'connectionDataBlocked', { maxOffset: bigint }>
  | Of<'connectionMaxStreamId', { maxStreamId: bigint }>
  | Of<'connectionStreamIdBlocked', { maxStreamId: bigint }>
  | Of<'connectionAssetDetails', { assetCode: string; assetScale: number }>
  | Of<'streamClose', { streamId: number; errorCode: number; errorMessage: string }>
  | Of<'streamMoney', { streamId: number; shares: bigint }>
  | Of<'streamMaxMoney', { streamId: number; receiveMax: bigint; totalReceived: bigint }>
  | Of<'streamMoneyBlocked', { streamId: number; sendMax: bigint; totalSent: bigint }>
  | Of<'streamData', { streamId: number; offset: bigint; data: Buffer }>
  | Of<'streamMaxData', { streamId: number; maxOffset: bigint }>
  | Of<'streamDataBlocked', { streamId: number; maxOffset: bigint }>
  | Of<'streamReceipt', { streamId: number; receipt: Buffer }>

/** What is encrypted inside the data of a Prepare, a Fulfill or an F99 Reject (RFC 29 section 5.2). */
export interface StreamPacket {
  /** The type of the ILP packet that carries it: PacketType.prepare, fulfill or reject. A reply carries the sequence of its request. */
  readonly type: number
  /** 1 to 2^53-1. */
  readonly sequence: number
  /** In a Prepare the least that the receiver may accept, in a reply what arrived; units of the destination. */
  readonly amount: bigint
  readonly frames: readonly Frame[]
}
