import { Fault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'

export const eventKinds = ['incoming_payment.received', 'incoming_payment.completed', 'stream.closed', 'payout.sent', 'payout.settled', 'payout.failed', 'payout.returned'] as const
export type EventKind = (typeof eventKinds)[number]

/** Something durable that its owner may want to know. */
export interface NewEvent {
  /** The person who owns the endpoints. */
  readonly ownerId: Id<'pers'>
  readonly kind: EventKind
  /** Events of one object arrive in the order in which they were written. */
  readonly object: string
  /** Written once: for whoever may write again what it is not sure to have written. */
  readonly key?: string
  /** Under `data` in the body. Amounts as decimal strings. */
  readonly data: object
}

/** Where a person's events are sent. */
export interface Endpoint {
  readonly id: Id<'hook'>
  readonly url: string
  readonly kinds: readonly EventKind[]
  /** While it is, events wait. */
  readonly paused: boolean
  readonly createdAtMs: number
}

export interface Delivery {
  readonly id: Id<'dlvr'>
  readonly eventId: Id<'evnt'>
  readonly kind: string
  /** dead: given up after three days of attempts. */
  readonly status: 'pending' | 'delivered' | 'dead'
  readonly attempts: number
  /** Of the last attempt, if it was answered. */
  readonly answerCode: number | null
  /** Code of why the last attempt was not answered: `timed-out`, `unreachable`, `address-forbidden` ... */
  readonly error: string | null
  readonly createdAtMs: number
  readonly triedAtMs: number | null
  /** When it is tried next, while it is pending. */
  readonly dueAtMs: number | null
}

export type NotifyFaultCode = 'webhook-invalid' | 'webhook-unknown' | 'webhooks-too-many' | 'delivery-unknown' | 'delivery-pending'
export class NotifyFault extends Fault<NotifyFaultCode> {}
