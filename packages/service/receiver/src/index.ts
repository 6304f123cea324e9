export { createReceiver, type PacketPeer, type Receiver, type ReceiverOptions } from './receiver.ts'
export { spspRoutes } from './spsp.ts'
