export { framesMax } from './codec.ts'
export { type Frame, FrameType, StreamErrorCode, type StreamPacket } from './frame.ts'
export { conditionOf, sharedSecretBytes, StreamFault, StreamKeys } from './keys.ts'
export { decodeReceipt, encodeReceipt, type Receipt, receiptBytes, receiptNonceBytes, receiptSecretBytes, verifyReceipt } from './receipt.ts'
