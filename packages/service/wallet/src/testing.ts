/** The wallet's driving of streams without its doors: for tests that bring their own clock, ledger and link. */
export { Lateness } from './lateness.ts'
export { PaidStream, type PaidStreamListener, type StreamDesk } from './paid-stream.ts'
export { settleDoubts } from './recovery.ts'
