export { createReceiver, type PacketPeer, type Receiver, type ReceiverOptions } from './receiver.ts'
