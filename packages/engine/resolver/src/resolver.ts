import { isAddress } from '@rivulet/ilp'
import type { Asset } from '@rivulet/money'
import type { GuardedFetch, OutboundAnswer } from '@rivulet/outbound'
import type { Clock } from '@rivulet/time'
import { parsePointer } from '@rivulet/web-monetization'
import { z } from 'zod'
import { answerAs } from './answer-as.ts'
import { ResolverFault } from './fault.ts'
import { type Asker, GrantedRequests } from './granted-requests.ts'

/** Where and how to pay, for one STREAM connection. */
export interface Payee {
  /** The id of the wallet address; of one that only speaks SPSP the pointer as a normalised URL. */
  readonly paymentPointer: string
  /** ILP address of the receiver's connection. */
  readonly destination: string
  /** 32 bytes. */
  readonly sharedSecret: Buffer
  /** What the receiver counts in, if it says so here; otherwise ConnectionAssetDetails or a probe tells. */
  readonly asset: Asset | undefined
  /** Whether the receiver gives STREAM receipts (RFC 39) when asked in this query. */
  readonly receiptsEnabled: boolean
  /** URL of the incoming payment that the connection belongs to; undefined with SPSP. */
  readonly incomingPayment: string | undefined
}

/** That a pointer leads to somebody. */
export interface LookedUp {
  /** As Payee.paymentPointer. */
  readonly paymentPointer: string
  /** SPSP gives credentials with its first answer: they are good for one connection. */
  readonly payee: Payee | undefined
}

export interface ResolverOptions {
  readonly fetch: GuardedFetch
  readonly clock: Clock
  /** Whose key signs requests for incoming payments. */
  readonly asker: Asker
  /** Accept pointers with http, ports and loopback hosts; only for the sandbox. `fetch` must allow the same. */
  readonly allowLocal: boolean
}

interface WalletAddress {
  readonly id: string
  readonly asset: Asset
  readonly authServer: string
  readonly resourceServer: string
}

/** What is known of a pointer: its wallet address, or that it only speaks SPSP. */
interface Known {
  readonly address: WalletAddress | undefined
  readonly untilMs: number
}

const spspType = 'application/spsp4+json'
/** Some servers answer with an older or a plainer name; the content decides. */
const spspTypes = [spspType, 'application/spsp+json', 'application/json']
const secretBytes = 32
/** What a pointer leads to changes slowly; who opens a page is not kept waiting for it again. */
const knownForMs = 60_000
const knownMax = 10_000
const incomingPaymentLivesMs = 24 * 3_600_000
const openMax = 100_000

const secret = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]{43}=?$/, 'must be base64 or base64url of 32 bytes')
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => bytes.length === secretBytes, 'must be base64 or base64url of 32 bytes')
const ilpAddress = z.string().refine(isAddress, 'must be an ILP address')
const url = z.url({ protocol: /^https?$/ }).max(2_000)

/** RFC 9, the answer of SPSP. `asset` is ours: others do not send it, and a strange one counts as none. */
const spspAnswer = z.object({
  destination_account: ilpAddress,
  shared_secret: secret,
  receipts_enabled: z.boolean().default(false),
  asset: z.object({ code: z.string().min(1).max(32), scale: z.int().min(0).max(18) }).optional().catch(undefined),
})

/** Open Payments 1.3, `wallet-address-server.yaml`. */
const walletAddressAnswer = z.object({ id: url, assetCode: z.string().min(1).max(32), assetScale: z.int().min(0).max(18), authServer: url, resourceServer: url })

/** Open Payments 1.3, `resource-server.yaml`. */
const ilpMethod = z.object({ ilpAddress, sharedSecret: secret }, 'must offer ilp')
const incomingPaymentAnswer = z.object({ id: url, methods: z.array(z.looseObject({ type: z.string() })).max(20) }).transform(({ id, methods }, context) => {
  const method = ilpMethod.safeParse(methods.find(({ type }) => type === 'ilp'))
  if (method.success) return { id, ...method.data }
  for (const { path, message } of method.error.issues) context.addIssue({ code: 'custom', path: ['methods', ...path], message })
  return z.NEVER
})

/**
 * Payment pointers and wallet addresses to STREAM credentials: by an incoming payment where the wallet address has Open Payments, by SPSP (RFC 9) where that is all there
 * is. What a pointer leads to is remembered for a minute; credentials are fresh each time, so every connection has a secret of its own.
 */
export class Resolver {
  readonly #options: ResolverOptions
  readonly #requests: GrantedRequests
  readonly #known = new Map<string, Known>()
  /** Auth servers of the incoming payments that were made and not completed yet. */
  readonly #open = new Map<string, string>()

  constructor(options: ResolverOptions) {
    this.#options = options
    this.#requests = new GrantedRequests(options)
  }

  /**
   * Whether there is somebody to pay.
   * @param pointer `$host/path`, or the URL of a wallet address. Throws PointerFault `pointer-invalid`, ResolverFault, OutboundFault.
   */
  async lookUp(pointer: string): Promise<LookedUp> {
    const found = await this.#find(this.#parse(pointer))
    return 'destination' in found ? { paymentPointer: found.paymentPointer, payee: found } : { paymentPointer: found.id, payee: undefined }
  }

  /** Fresh credentials. Throws what `lookUp` throws, and ResolverFault `grant-refused`, `payment-refused`. */
  async resolve(pointer: string): Promise<Payee> {
    const pointed = this.#parse(pointer)
    const found = await this.#find(pointed)
    if ('destination' in found) return found
    try {
      return await this.#byIncomingPayment(found)
    } catch (error) {
      // Whatever was wrong, the next look is a fresh one.
      this.#known.delete(pointed.href)
      throw error
    }
  }

  /** Says that nothing more comes, when the incoming payment was made here. Throws as `resolve`; whoever calls it need not mind, since it also expires. */
  async complete({ incomingPayment }: Pick<Payee, 'incomingPayment'>): Promise<void> {
    const authServer = incomingPayment === undefined ? undefined : this.#open.get(incomingPayment)
    if (incomingPayment === undefined || authServer === undefined) return
    this.#open.delete(incomingPayment)
    await this.#requests.send(authServer, { method: 'POST', url: `${incomingPayment}/complete` })
  }

  #parse(pointer: string): URL {
    return parsePointer(pointer, { allowLocal: this.#options.allowLocal })
  }

  /** The wallet address, or, where there only is SPSP, fresh credentials. */
  async #find(pointed: URL): Promise<WalletAddress | Payee> {
    const known = this.#known.get(pointed.href)
    const fresh = known !== undefined && known.untilMs > this.#options.clock.nowMs()
    const address = fresh ? known.address : await this.#addressAt(pointed)
    const found = address ?? (await this.#bySpsp(pointed))
    if (!fresh) {
      this.#known.delete(pointed.href)
      keep(this.#known, knownMax, { key: pointed.href, value: { address, untilMs: this.#options.clock.nowMs() + knownForMs } })
    }
    return found
  }

  /** Undefined when there is none: no such answer, or one that is no wallet address. Throws `unreachable` while the server cannot answer. */
  async #addressAt(pointed: URL): Promise<WalletAddress | undefined> {
    const answer = await this.#options.fetch(pointed, { headers: { accept: 'application/json' } })
    checkAvailable(pointed, answer)
    if (answer.status !== 200) return undefined
    try {
      const { id, assetCode, assetScale, authServer, resourceServer } = answerAs(walletAddressAnswer, answer)
      // As strict as what people write: an id that names another kind of address would reach the page's events.
      return { id: this.#parse(id).href, asset: { code: assetCode, scale: assetScale }, authServer, resourceServer }
    } catch {
      return undefined
    }
  }

  async #byIncomingPayment({ id, asset, authServer, resourceServer }: WalletAddress): Promise<Payee> {
    const expiresAt = new Date(this.#options.clock.nowMs() + incomingPaymentLivesMs).toISOString()
    const answer = await this.#requests.send(authServer, {
      method: 'POST',
      url: `${resourceServer.replace(/\/$/, '')}/incoming-payments`,
      body: { walletAddress: id, expiresAt, metadata: { source: 'Web Monetization' } },
    })
    checkAvailable(new URL(resourceServer), answer)
    if (answer.status !== 201 && answer.status !== 200) throw new ResolverFault('payment-refused', `${id} takes no payment (status ${answer.status})`)
    const { id: incomingPayment, ilpAddress: destination, sharedSecret } = answerAs(incomingPaymentAnswer, answer)
    keep(this.#open, openMax, { key: incomingPayment, value: authServer })
    return { paymentPointer: id, destination, sharedSecret, asset, receiptsEnabled: false, incomingPayment }
  }

  async #bySpsp(pointed: URL): Promise<Payee> {
    const answer = await this.#options.fetch(pointed, { headers: { accept: spspType } })
    checkKind(pointed, answer)
    const { destination_account: destination, shared_secret: sharedSecret, receipts_enabled: receiptsEnabled, asset } = answerAs(spspAnswer, answer)
    return { paymentPointer: pointed.href, destination, sharedSecret, asset, receiptsEnabled, incomingPayment: undefined }
  }
}

function checkAvailable({ host }: URL, { status }: OutboundAnswer): void {
  if (status === 429 || status >= 500) throw new ResolverFault('unreachable', `${host} cannot answer now (status ${status}); try again later`)
}

function checkKind(pointed: URL, answer: OutboundAnswer): void {
  const { status, headers } = answer
  if (status === 404 || status === 410) throw new ResolverFault('pointer-not-found', `there is no payment pointer at ${pointed.href} (status ${status}); check its spelling`)
  checkAvailable(pointed, answer)
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (status !== 200 || !spspTypes.includes(type)) {
    throw new ResolverFault('answer-not-spsp', `${pointed.href} is no payment pointer: it answers with status ${status} and ${type === '' ? 'no content type' : type.slice(0, 100)}, not ${spspType}`)
  }
}

/** The oldest goes when there are too many. */
function keep<Value>(map: Map<string, Value>, entriesMax: number, { key, value }: { readonly key: string; readonly value: Value }): void {
  const [oldest] = map.keys()
  if (map.size >= entriesMax && oldest !== undefined) map.delete(oldest)
  map.set(key, value)
}
