import { createHmac, timingSafeEqual } from 'node:crypto'
import { ProofFault } from './fault.ts'

/** The header that carries the signature, in lower case. */
export const webhookSignatureHeader = 'rivulet-signature'
/** How far the time in the header may be from the receiver's: a copy that is sent again later is refused. */
const webhookAgeMsMax = 300_000

/**
 * The value of `Rivulet-Signature`: `t=<seconds since 1970>,v1=<hex of HMAC-SHA-256 over "<t>.<raw body>">`, keyed with the UTF-8 bytes of the endpoint's secret.
 * @param nowMs milliseconds since 1970
 */
export function signWebhook(rawBody: string | Buffer, secret: string, nowMs: number): string {
  const seconds = String(Math.floor(nowMs / 1_000))
  return `t=${seconds},v1=${signatureOf(seconds, rawBody, secret).toString('hex')}`
}

/**
 * Whether a webhook came from the Rivulet that knows `secret`, just now, byte for byte. Give the body as it came, not parsed and written again. Events are sent at least once: remember the
 * `id` in the body and act once on each.
 * @param header the request's `Rivulet-Signature`
 * @param nowMs milliseconds since 1970; a signature further than five minutes from it is refused
 * Throws ProofFault `signature-malformed`, `signature-stale`, `signature-invalid`.
 */
export function verifyWebhook(rawBody: string | Buffer, header: string | undefined, { secret, nowMs }: { readonly secret: string; readonly nowMs: number }): void {
  const [, seconds, hex] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header ?? '') ?? []
  if (seconds === undefined || hex === undefined) throw new ProofFault('signature-malformed', 'the request has no header Rivulet-Signature of the form t=<seconds>,v1=<64 hex digits>')
  if (Math.abs(nowMs - Number(seconds) * 1_000) > webhookAgeMsMax) throw new ProofFault('signature-stale', 'the webhook was signed more than five minutes from now: check the clock of this server; an old copy is not taken')
  if (!timingSafeEqual(signatureOf(seconds, rawBody, secret), Buffer.from(hex, 'hex'))) throw new ProofFault('signature-invalid', 'the signature is not of this body and secret: hand over the raw body, and the secret of this endpoint')
}

function signatureOf(seconds: string, rawBody: string | Buffer, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.`).update(rawBody).digest()
}
