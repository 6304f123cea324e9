import { Fault } from '@rivulet/faults'

export type ProofFaultCode = 'signature-malformed' | 'signature-stale' | 'signature-invalid' | 'receipt-malformed' | 'receipt-foreign' | 'receipt-invalid' | 'receipt-old' | 'payment-unreadable' | 'payment-foreign'

/** Why a webhook, a receipt or a payment proves nothing. */
export class ProofFault extends Fault<ProofFaultCode> {}
