/**
 * The life of a grant as a pure function (GNAP, RFC 9635, sections 1.5 and 5): asked by a client, decided by a person, issued as a token, ended.
 * A grant that needs nobody's consent begins as issued.
 */
import { assertNever } from '@rivulet/faults'
import { GnapFault } from './fault.ts'

/**
 * asked: waits for a person; confirming: she has accepted and must prove that it is she (a passkey); accepted: waits for the client to continue;
 * declined: waits for the client to learn it; issued: has its token; ended: allows nothing any more.
 */
export type GrantState = 'asked' | 'confirming' | 'accepted' | 'declined' | 'issued' | 'ended'

export type GrantEvent =
  /** The person agrees; `confirm` asks for one more step. */
  | { readonly type: 'accept'; readonly confirm: boolean }
  | { readonly type: 'confirm' }
  | { readonly type: 'decline' }
  /** The client fetches its token. */
  | { readonly type: 'continue' }
  /** The client gives the grant back, or the person takes it back. */
  | { readonly type: 'end' }

/** The state after `event`. Throws `grant-decided`, `grant-not-accepted`, `grant-issued`, `grant-ended`; nothing else ever changes a grant. */
export function next(state: GrantState, event: GrantEvent): GrantState {
  switch (event.type) {
    case 'accept':
      if (state === 'asked') return event.confirm ? 'confirming' : 'accepted'
      throw decided(state)
    case 'confirm':
      if (state === 'confirming') return 'accepted'
      if (state === 'asked') throw new GnapFault('grant-not-accepted', 'the grant must be accepted before it is confirmed')
      throw decided(state)
    case 'decline':
      if (state === 'asked' || state === 'confirming') return 'declined'
      throw decided(state)
    case 'continue':
      if (state === 'accepted') return 'issued'
      if (state === 'issued') throw new GnapFault('grant-issued', 'the token of this grant was given out already: rotate it, or ask for another grant')
      if (state === 'asked' || state === 'confirming') throw new GnapFault('grant-not-accepted', 'the person has not decided yet')
      throw new GnapFault('grant-ended', state === 'declined' ? 'the person has declined' : 'the grant has ended')
    case 'end':
      return 'ended'
    default:
      return assertNever(event)
  }
}

function decided(state: GrantState): GnapFault {
  return state === 'ended' ? new GnapFault('grant-ended', 'the grant has ended') : new GnapFault('grant-decided', 'this was decided already')
}
