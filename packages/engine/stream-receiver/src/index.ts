export type { ConnectionSpec, Credentials, ReceiverKeys } from './credentials.ts'
export { type PacketExchange, type PacketSource, StreamReceiver, type StreamReceiverOptions } from './stream-receiver.ts'
