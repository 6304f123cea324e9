export { StreamSender, StreamSenderFault } from './sender.ts'
export type * from './types.ts'
