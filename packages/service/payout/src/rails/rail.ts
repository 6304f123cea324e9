/** What payouts need of a way to move money. Each that sends by itself passes the same tests. */
import { Fault } from '@rivulet/faults'
import type { Destination } from '../destination.ts'
import type { Payout, RailName } from '../payout.ts'

/** The rail says no, for good, and nothing has left. The message is for the publisher. */
export class RailRefusal extends Fault<'rail-refused'> {
  constructor(message: string, cause?: unknown) {
    super('rail-refused', message, cause === undefined ? {} : { cause })
  }
}

interface Sending {
  readonly payout: Payout
  readonly destination: Destination
  /** What `prepare` gave. */
  readonly reference: string
}

/** `carried`: units that the rail took out of the clearing account by itself; the rest is posted when the payout is settled, or given back. `returned`: it had left, and came back whole. */
type RailOutcome = { readonly status: 'waiting' } | { readonly status: 'settled'; readonly carried: bigint } | { readonly status: 'failed'; readonly reason: string; readonly carried: bigint } | { readonly status: 'returned'; readonly reason: string }

/** A rail that sends approved payouts without a person. Everything that is thrown but RailRefusal means: not known, ask again. */
export interface SendingRail {
  readonly name: RailName
  /** What the rail will call this attempt; nothing leaves yet. Written down before `send`. Throws RailRefusal. */
  prepare(payout: Payout, destination: Destination): Promise<string>
  /** Sends once, however often it is called with the same reference. Throws RailRefusal, after which nothing of it leaves any more. */
  send(sending: Sending): Promise<void>
  /** How it went. */
  check(sending: Sending): Promise<RailOutcome>
}
