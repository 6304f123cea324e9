/** Incoming payments of other servers, read by their URL with a grant of our own: what they still take, and how to pay them (Open Payments 1.3). */
import type { KeyObject } from 'node:crypto'
import { signRequest } from '@rivulet/http-signature'
import { isAddress } from '@rivulet/ilp'
import { type Asset, amountMax } from '@rivulet/money'
import type { GuardedFetch, OutboundAnswer } from '@rivulet/outbound'
import type { Clock } from '@rivulet/time'
import { z } from 'zod'
import { ResolverFault } from './resolver.ts'

/** Who asks: this installation, with the key that it publishes. */
interface Asker {
  /** Wallet address that the key is published under. */
  readonly walletAddress: string
  readonly keyId: string
  /** Ed25519. */
  readonly privateKey: KeyObject
}

export interface RemoteIncomingPayment {
  readonly url: string
  readonly asset: Asset
  /** Most that it takes in all, and what it has got; units. */
  readonly incomingAmount: bigint | undefined
  readonly receivedAmount: bigint
  /** ms since 1970. */
  readonly expiresAtMs: number | undefined
  readonly completed: boolean
  /** Of one connection; undefined once it takes nothing more. */
  readonly credentials: { readonly destination: string; readonly sharedSecret: Buffer } | undefined
}

export interface IncomingPaymentReaderOptions {
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly asker: Asker
}

const authServersCachedMax = 10_000
const tokensCachedMax = 1_000
const tokenLivesMsMax = 86_400_000
/** A token is not used in its last moments. */
const tokenMarginMs = 10_000

const amount = z.object({
  value: z.string().regex(/^(0|[1-9][0-9]{0,19})$/).transform(BigInt).refine((value) => value <= amountMax, 'must be at most 2^62 units'),
  assetCode: z.string().min(1).max(32),
  assetScale: z.int().min(0).max(18),
})
const publicAnswer = z.object({ authServer: z.url({ protocol: /^https?$/ }).max(2_000) })
const answer = z.object({
  completed: z.boolean(),
  incomingAmount: amount.optional(),
  receivedAmount: amount,
  expiresAt: z.iso.datetime({ offset: true }).optional(),
  methods: z.array(z.object({ type: z.string(), ilpAddress: z.string().optional(), sharedSecret: z.string().optional() })).max(20),
})
const method = z.object({
  ilpAddress: z.string().refine(isAddress, 'must be an ILP address'),
  sharedSecret: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url').transform((text) => Buffer.from(text, 'base64url')),
})
const grantAnswer = z.object({ access_token: z.object({ value: z.string().min(1).max(4_000), expires_in: z.number().positive().optional() }) })

/** Keeps the grants of the auth servers that it has asked, so that paying the same receiver again costs one request. */
export class IncomingPaymentReader {
  readonly #options: IncomingPaymentReaderOptions
  /** Auth servers by URL of the incoming payment: they do not change. */
  readonly #authServers = new Map<string, string>()
  readonly #tokens = new Map<string, { readonly value: string; readonly untilMs: number }>()

  constructor(options: IncomingPaymentReaderOptions) {
    this.#options = options
  }

  /** Undefined when there is no such incoming payment. Throws ResolverFault `answer-invalid`, `unreachable`, OutboundFault. */
  async read(url: string): Promise<RemoteIncomingPayment | undefined> {
    const authServer = await this.#authServerOf(url)
    if (authServer === undefined) return undefined
    let response = await this.#ask(url, await this.#tokenFor(authServer))
    if (response.status === 401 || response.status === 403) {
      // The grant may have ended there: one more try with a fresh one.
      this.#tokens.delete(authServer)
      response = await this.#ask(url, await this.#tokenFor(authServer))
    }
    if (response.status === 404) return undefined
    if (response.status !== 200) throw new ResolverFault('unreachable', `${url} cannot be read (status ${response.status})`)
    const { completed, incomingAmount, receivedAmount, expiresAt, methods } = read(answer, response, url)
    const ilp = methods.find(({ type }) => type === 'ilp')
    const credentials = ilp === undefined ? undefined : method.safeParse(ilp)
    if (credentials?.success === false) throw new ResolverFault('answer-invalid', `${url} gives payment details that cannot be used: ${credentials.error.issues[0]?.message ?? ''}`)
    return {
      url, completed, asset: { code: receivedAmount.assetCode, scale: receivedAmount.assetScale }, incomingAmount: incomingAmount?.value, receivedAmount: receivedAmount.value,
      expiresAtMs: expiresAt === undefined ? undefined : Date.parse(expiresAt), credentials: credentials && { destination: credentials.data.ilpAddress, sharedSecret: credentials.data.sharedSecret },
    }
  }

  /** Without a token an incoming payment says who gives tokens for it. */
  async #authServerOf(url: string): Promise<string | undefined> {
    const known = this.#authServers.get(url)
    if (known !== undefined) return known
    const response = await this.#options.fetch(url, { headers: { accept: 'application/json' } })
    if (response.status === 404 || response.status === 401 || response.status === 410) return undefined
    if (response.status !== 200) throw new ResolverFault('unreachable', `${url} cannot be read (status ${response.status})`)
    const { authServer } = read(publicAnswer, response, url)
    keep(this.#authServers, authServersCachedMax, { key: url, value: authServer })
    return authServer
  }

  async #tokenFor(authServer: string): Promise<string> {
    const { asker, clock, fetch } = this.#options
    const nowMs = clock.nowMs()
    const known = this.#tokens.get(authServer)
    if (known !== undefined && known.untilMs > nowMs) return known.value
    const { href } = new URL(authServer)
    const body = Buffer.from(JSON.stringify({ access_token: { access: [{ type: 'incoming-payment', actions: ['read-all'] }] }, client: asker.walletAddress }))
    const headers = { accept: 'application/json', 'content-type': 'application/json' }
    const signed = signRequest({ method: 'POST', url: href, headers, body }, asker, nowMs)
    const response = await fetch(href, { method: 'POST', headers: { ...headers, ...signed }, body })
    if (response.status !== 200) throw new ResolverFault('unreachable', `${href} gives no grant to read incoming payments (status ${response.status})`)
    const { value, expires_in: expiresInS } = read(grantAnswer, response, href).access_token
    keep(this.#tokens, tokensCachedMax, { key: authServer, value: { value, untilMs: nowMs + Math.min(tokenLivesMsMax, (expiresInS ?? 600) * 1_000) - tokenMarginMs } })
    return value
  }

  #ask(url: string, token: string): Promise<OutboundAnswer> {
    const { asker, clock, fetch } = this.#options
    const headers = { accept: 'application/json', authorization: `GNAP ${token}` }
    return fetch(url, { headers: { ...headers, ...signRequest({ method: 'GET', url, headers }, asker, clock.nowMs()) } })
  }
}

function read<T>(schema: z.ZodType<T>, { body }: OutboundAnswer, url: string): T {
  let given: unknown
  try {
    given = JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new ResolverFault('answer-invalid', `${url} answers with what is not JSON`, { cause: error })
  }
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ResolverFault('answer-invalid', `${url} answers with what cannot be used: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
}

/** The oldest goes when there are too many. */
function keep<Value>(map: Map<string, Value>, entriesMax: number, { key, value }: { readonly key: string; readonly value: Value }): void {
  map.delete(key)
  const [oldest] = map.keys()
  if (map.size >= entriesMax && oldest !== undefined) map.delete(oldest)
  map.set(key, value)
}
