import { Fault } from '@rivulet/faults'

export type GnapFaultCode =
  /** No such grant, or the token given for it is another's. */
  | 'grant-unknown'
  /** No such token to manage, or its value is another's. */
  | 'token-unknown'
  /** The event does not fit the state that the grant is in. */
  | 'grant-decided'
  | 'grant-not-accepted'
  | 'grant-issued'
  | 'grant-ended'
  /** The grant ends with an interact_ref, and there was none or a wrong one. */
  | 'reference-missing'
  | 'reference-wrong'
  /** Polled before the time that `wait` named. */
  | 'too-fast'
  /** No such interaction, or the nonce is another's. */
  | 'interaction-unknown'
  /** The interaction belongs to another person. */
  | 'interaction-foreign'
  | 'interval-invalid'

/** Why a grant, token or interaction refuses what is asked of it. */
export class GnapFault extends Fault<GnapFaultCode> {}
