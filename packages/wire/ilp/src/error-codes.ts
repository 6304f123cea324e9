import { PacketType, type Reject } from './packet.ts'

/** RFC 27, error codes: F final, T temporary, R relative to time. */
export const ErrorCode = {
  badRequest: 'F00',
  invalidPacket: 'F01',
  unreachable: 'F02',
  invalidAmount: 'F03',
  insufficientDestinationAmount: 'F04',
  wrongCondition: 'F05',
  unexpectedPayment: 'F06',
  cannotReceive: 'F07',
  amountTooLarge: 'F08',
  applicationError: 'F99',
  internalError: 'T00',
  peerUnreachable: 'T01',
  peerBusy: 'T02',
  connectorBusy: 'T03',
  insufficientLiquidity: 'T04',
  rateLimited: 'T05',
  temporaryApplicationError: 'T99',
  transferTimedOut: 'R00',
  insufficientSourceAmount: 'R01',
  insufficientTimeout: 'R02',
  relativeApplicationError: 'R99',
} as const

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

const noData = Buffer.alloc(0)

/** A Reject of our own. */
export function reject(code: ErrorCode, triggeredBy: string, message: string, data: Buffer = noData): Reject {
  return { type: PacketType.reject, code, triggeredBy, message, data }
}

/** The data of F08: how much arrived and how much may, both in the units of who rejects (RFC 27). */
export interface AmountTooLarge {
  readonly receivedAmount: bigint
  readonly maximumAmount: bigint
}

export function encodeAmountTooLarge(amounts: AmountTooLarge): Buffer {
  const data = Buffer.allocUnsafe(16)
  data.writeBigUInt64BE(amounts.receivedAmount, 0)
  data.writeBigUInt64BE(amounts.maximumAmount, 8)
  return data
}

/** Undefined when the data says nothing: a peer may leave it empty. */
export function decodeAmountTooLarge(data: Buffer): AmountTooLarge | undefined {
  if (data.length < 16) return undefined
  return { receivedAmount: data.readBigUInt64BE(0), maximumAmount: data.readBigUInt64BE(8) }
}
