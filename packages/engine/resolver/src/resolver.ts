import { Fault, messageOf } from '@rivulet/faults'
import { isAddress } from '@rivulet/ilp'
import type { Asset } from '@rivulet/money'
import type { GuardedFetch, OutboundAnswer } from '@rivulet/outbound'
import { parsePointer } from '@rivulet/web-monetization'
import { z } from 'zod'

export type ResolverFaultCode = 'pointer-not-found' | 'answer-not-spsp' | 'answer-invalid' | 'unreachable'

/** Why a payment pointer leads to nobody who can be paid. PointerFault and OutboundFault are thrown as well. */
export class ResolverFault extends Fault<ResolverFaultCode> {}

/** Where and how to pay, for one STREAM connection. */
export interface Payee {
  /** The pointer as a normalised URL. */
  readonly paymentPointer: string
  /** ILP address of the receiver's connection. */
  readonly destination: string
  /** 32 bytes. */
  readonly sharedSecret: Buffer
  /** What the receiver counts in, if it says so here; otherwise ConnectionAssetDetails or a probe tells. */
  readonly asset: Asset | undefined
  /** Whether the receiver gives STREAM receipts (RFC 39) when asked in this query. */
  readonly receiptsEnabled: boolean
}

const mediaType = 'application/spsp4+json'
/** Some servers answer with an older or a plainer name; the content decides. */
const mediaTypes = [mediaType, 'application/spsp+json', 'application/json']
const secretBytes = 32

const secret = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]{43}=?$/, 'must be base64 or base64url of 32 bytes')
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => bytes.length === secretBytes, 'must be base64 or base64url of 32 bytes')

/** RFC 9, the answer of SPSP. `asset` is ours: others do not send it, and a strange one counts as none. */
const spspAnswer = z.object({
  destination_account: z.string().refine(isAddress, 'must be an ILP address'),
  shared_secret: secret,
  receipts_enabled: z.boolean().default(false),
  asset: z.object({ code: z.string().min(1).max(32), scale: z.int().min(0).max(18) }).optional().catch(undefined),
})

export interface ResolverOptions {
  readonly fetch: GuardedFetch
  /** Accept pointers with http, ports and loopback hosts; only for the sandbox. `fetch` must allow the same. */
  readonly allowLocal: boolean
}

/** Payment pointers to STREAM credentials, by SPSP (RFC 9). Each call asks anew: every connection gets a secret of its own. */
export class Resolver {
  readonly #fetch: GuardedFetch
  readonly #allowLocal: boolean

  constructor({ fetch, allowLocal }: ResolverOptions) {
    this.#fetch = fetch
    this.#allowLocal = allowLocal
  }

  /** @param pointer `$host/path`, or the URL of a wallet address. Throws PointerFault `pointer-invalid`, ResolverFault, OutboundFault. */
  async resolve(pointer: string): Promise<Payee> {
    const url = parsePointer(pointer, { allowLocal: this.#allowLocal })
    const answer = await this.#fetch(url, { headers: { accept: mediaType } })
    checkKind(url, answer)
    const parsed = spspAnswer.safeParse(jsonOf(url, answer.body))
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      throw new ResolverFault('answer-invalid', `${url.href} gives payment details that cannot be used: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}; its wallet must correct them`)
    }
    const { destination_account: destination, shared_secret: sharedSecret, receipts_enabled: receiptsEnabled, asset } = parsed.data
    return { paymentPointer: url.href, destination, sharedSecret, asset, receiptsEnabled }
  }
}

function checkKind(url: URL, { status, headers }: OutboundAnswer): void {
  if (status === 404 || status === 410) throw new ResolverFault('pointer-not-found', `there is no payment pointer at ${url.href} (status ${status}); check its spelling`)
  if (status === 429 || status >= 500) throw new ResolverFault('unreachable', `${url.host} cannot answer now (status ${status}); try again later`)
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (status !== 200 || !mediaTypes.includes(type)) {
    throw new ResolverFault('answer-not-spsp', `${url.href} is no payment pointer: it answers with status ${status} and ${type === '' ? 'no content type' : type.slice(0, 100)}, not ${mediaType}`)
  }
}

function jsonOf(url: URL, body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new ResolverFault('answer-invalid', `${url.href} answers with what is not JSON: ${messageOf(error)}`, { cause: error })
  }
}
