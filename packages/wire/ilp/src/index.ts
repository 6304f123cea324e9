export type { Fulfill, Link, PacketHandler, Prepare, Reject, Reply } from './packet.ts'
export { isFulfill, PacketType } from './packet.ts'
