import { Fault } from '@rivulet/faults'

export type ResolverFaultCode = 'pointer-not-found' | 'answer-not-spsp' | 'answer-invalid' | 'unreachable' | 'grant-refused' | 'payment-refused'

/** Why a payment pointer leads to nobody who can be paid. PointerFault and OutboundFault are thrown as well. */
export class ResolverFault extends Fault<ResolverFaultCode> {}
