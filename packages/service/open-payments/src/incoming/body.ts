/** The JSON of incoming payments (Open Payments 1.3, `resource-server.yaml`). */
import type { Asset } from '@rivulet/money'
import type { IncomingPayment } from '@rivulet/receiver'
import type { Credentials } from '@rivulet/stream-receiver'
import { z } from 'zod'
import { amountAnswer } from '../amount.ts'
import { authServerOf } from '../wallet-address/document.ts'

const amount = z.strictObject({
  value: z.string().regex(/^[0-9]{1,20}$/, 'must be a whole number of units in a string'),
  assetCode: z.string().min(1).max(20),
  assetScale: z.int().min(0).max(255),
})

export const newIncomingPayment = z.strictObject({
  walletAddress: z.string().min(1).max(2_000),
  incomingAmount: amount.optional(),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
})

const paymentFields = {
  id: z.url(), walletAddress: z.url(), incomingAmount: amountAnswer.optional(), receivedAmount: amountAnswer, completed: z.boolean(), metadata: z.record(z.string(), z.unknown()).optional(), expiresAt: z.iso.datetime(), createdAt: z.iso.datetime(),
}
/** As `bodyOf` answers it. */
export const paymentAnswer = z.strictObject(paymentFields)
/** As `bodyWithMethods`. */
export const payableAnswer = z.strictObject({ ...paymentFields, methods: z.array(z.strictObject({ type: z.literal('ilp'), ilpAddress: z.string(), sharedSecret: z.string() })) })
/** As `publicBody`. */
export const publicAnswer = z.strictObject({ authServer: z.url(), walletAddress: z.url(), receivedAmount: amountAnswer })

/** What everybody who has the URL may see. The wallet address is not in the specification: a publisher's server that checks a payment needs to know whose it is. */
export function publicBody(payment: IncomingPayment): object {
  return { authServer: authServerOf(payment.url), walletAddress: payment.walletAddress.url, receivedAmount: amountOf(payment.receivedAmount, payment.walletAddress.asset) }
}

export function bodyOf(payment: IncomingPayment): object {
  const { walletAddress, incomingAmount, metadata } = payment
  const { asset } = walletAddress
  return {
    id: payment.url,
    walletAddress: walletAddress.url,
    ...(incomingAmount !== undefined && { incomingAmount: amountOf(incomingAmount, asset) }),
    receivedAmount: amountOf(payment.receivedAmount, asset),
    completed: payment.state === 'completed',
    ...(metadata !== undefined && { metadata }),
    expiresAt: new Date(payment.expiresAtMs).toISOString(),
    createdAt: new Date(payment.createdAtMs).toISOString(),
  }
}

/** @param credentials none once it takes no more */
export function bodyWithMethods(payment: IncomingPayment, credentials: Credentials | undefined): object {
  const methods = credentials === undefined ? [] : [{ type: 'ilp', ilpAddress: credentials.destination, sharedSecret: credentials.sharedSecret.toString('base64url') }]
  return { ...bodyOf(payment), methods }
}

function amountOf(units: bigint, asset: Asset): object {
  return { value: units.toString(), assetCode: asset.code, assetScale: asset.scale }
}
