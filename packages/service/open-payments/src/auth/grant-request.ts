/** The bodies of the auth server, after the OpenAPI file of version 1.3.0. Members it does not know are ignored, as GNAP asks. */
import { createHash } from 'node:crypto'
import { accessListSchema } from '@rivulet/gnap'
import { z } from 'zod'
import { AuthFault } from './fault.ts'

const url = z.url({ protocol: /^https?$/ }).max(2_000)

/** A public key that the client shows instead of a wallet address (directed identity). */
const jwk = z.object({
  kid: z.string().min(1).max(200),
  alg: z.literal('EdDSA'),
  use: z.literal('sig').optional(),
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url'),
  d: z.undefined({ error: 'is the private half of the key: keep it' }).optional(),
})
export type ClientJwk = z.output<typeof jwk>

const interact = z.object({
  start: z.array(z.string()).refine((modes) => modes.includes('redirect'), 'must hold redirect'),
  finish: z.object({ method: z.literal('redirect'), uri: url, nonce: z.string().min(1).max(200).regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text that can be shown') }).optional(),
})

export const grantRequest = z.object({
  client: z.union([url.transform((walletAddress) => ({ walletAddress })), z.strictObject({ walletAddress: url }), z.strictObject({ jwk })], { error: 'must be a wallet address, {walletAddress} or {jwk}' }),
  access_token: z.object({ access: accessListSchema.min(1) }).optional(),
  subject: z.object({ sub_ids: z.tuple([z.object({ id: url, format: z.literal('uri') })]) }).optional(),
  interact: interact.optional(),
})
export type GrantRequestBody = z.output<typeof grantRequest>

export const continueRequest = z.object({ interact_ref: z.string().min(1).max(200).optional() })

/** Throws AuthFault `invalid_request`, naming the first member that is wrong. */
export function parseGrantRequest(body: unknown): GrantRequestBody {
  const parsed = parse(grantRequest, body)
  if (parsed.access_token === undefined && parsed.subject === undefined) throw new AuthFault(400, 'invalid_request', 'access_token: must be there, or subject')
  return parsed
}

/** As above. @returns the interact_ref, undefined when the client polls */
export function parseContinueRequest(body: unknown): string | undefined {
  return parse(continueRequest, body ?? {}).interact_ref
}

/** RFC 7638. */
export function thumbprintOf({ crv, kty, x }: ClientJwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')
}

function parse<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AuthFault(400, 'invalid_request', `${issue === undefined || issue.path.length === 0 ? 'the body' : issue.path.join('.')}: ${issue?.message ?? 'invalid'}`)
}
