export { phaseOf } from './pace.ts'
export { StreamSender, StreamSenderFault } from './sender.ts'
export type * from './types.ts'
