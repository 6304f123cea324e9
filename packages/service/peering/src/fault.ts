import { Fault } from '@rivulet/faults'

export type PeeringFaultCode =
  | 'peer-invalid'
  | 'peer-unknown'
  | 'peer-known'
  | 'peers-too-many'
  | 'prefix-taken'
  | 'token-taken'
  | 'url-insecure'
  | 'no-route'
  | 'rates-unusable'

/** Every refusal of peering; the message says what to change. */
export class PeeringFault extends Fault<PeeringFaultCode> {}
