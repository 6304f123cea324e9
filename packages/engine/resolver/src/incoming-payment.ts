/** Incoming payments of other servers, read by their URL with a grant of our own: what they still take, and how to pay them (Open Payments 1.3). */
import { isAddress } from '@rivulet/ilp'
import { type Asset, amountMax } from '@rivulet/money'
import { z } from 'zod'
import { answerAs } from './answer-as.ts'
import { ResolverFault } from './fault.ts'
import { GrantedRequests, type GrantedRequestsOptions } from './granted-requests.ts'

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

const authServersCachedMax = 10_000

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

/** Keeps the grants of the auth servers that it has asked, so that paying the same receiver again costs one request. */
export class IncomingPaymentReader {
  readonly #options: GrantedRequestsOptions
  readonly #requests: GrantedRequests
  /** Auth servers by URL of the incoming payment: they do not change. */
  readonly #authServers = new Map<string, string>()

  constructor(options: GrantedRequestsOptions) {
    this.#options = options
    this.#requests = new GrantedRequests(options)
  }

  /** Undefined when there is no such incoming payment. Throws ResolverFault `answer-invalid`, `grant-refused`, `unreachable`, OutboundFault. */
  async read(url: string): Promise<RemoteIncomingPayment | undefined> {
    const authServer = await this.#authServerOf(url)
    if (authServer === undefined) return undefined
    const response = await this.#requests.send(authServer, { method: 'GET', url })
    if (response.status === 404) return undefined
    if (response.status !== 200) throw new ResolverFault('unreachable', `${url} cannot be read (status ${response.status})`)
    const { completed, incomingAmount, receivedAmount, expiresAt, methods } = answerAs(answer, response)
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
    const { authServer } = answerAs(publicAnswer, response)
    const [oldest] = this.#authServers.keys()
    if (this.#authServers.size >= authServersCachedMax && oldest !== undefined) this.#authServers.delete(oldest)
    this.#authServers.set(url, authServer)
    return authServer
  }
}
