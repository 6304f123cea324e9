export { addressBytesMax, isAddress, isBelow } from './address.ts'
export {
  decodePrepare, decodeReply, encodePrepare, encodeReply, packetBytesMax, packetDataBytesMax, prepareBytes, rejectMessageBytesMax, replyBytes, writePrepare, writeReply,
} from './codec.ts'
export { type AmountTooLarge, decodeAmountTooLarge, encodeAmountTooLarge, ErrorCode, reject } from './error-codes.ts'
export { LinkFault, PacketFault } from './fault.ts'
export { ildcpFulfill, ildcpRequest, type IldcpResponse, isIldcpRequest, readIldcpFulfill } from './ildcp.ts'
export { isLinkRefusal, linkRefusals } from './link-refusals.ts'
export { OctetReader, OctetWriter } from './octets.ts'
export type { Fulfill, LateListener, Link, PacketHandler, Prepare, Reject, Reply } from './packet.ts'
export { isFulfill, PacketType } from './packet.ts'
