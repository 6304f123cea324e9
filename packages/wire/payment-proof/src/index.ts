export { ProofFault, type ProofFaultCode } from './fault.ts'
export { signWebhook, verifyWebhook, webhookSignatureHeader } from './webhook.ts'
