export { type IncomingPayment, IncomingPaymentFault, IncomingPayments } from './incoming-payments.ts'
export { receiverMigrations } from './migrations.ts'
export { createReceiver, type PacketPeer, type Receiver, type ReceiverOptions } from './receiver.ts'
export { spspRoutes } from './spsp.ts'
