export { ProofFault, type ProofFaultCode } from './fault.ts'
export { type PaymentQuestion, provePayment, type ProvenPayment } from './incoming-payment.ts'
export { newReceiptSetup, receiptNonceOf, type ReceiptSetup, takeReceipt } from './receipt.ts'
export { signWebhook, verifyWebhook, webhookSignatureHeader } from './webhook.ts'
