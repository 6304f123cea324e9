/** Requests to other servers' Open Payments resources with grants of our own, signed by the installation's key. */
import type { KeyObject } from 'node:crypto'
import { signRequest } from '@rivulet/http-signature'
import type { GuardedFetch, OutboundAnswer } from '@rivulet/outbound'
import type { Clock } from '@rivulet/time'
import { z } from 'zod'
import { answerAs } from './answer-as.ts'
import { ResolverFault } from './fault.ts'

/** Who asks: this installation, with the key that it publishes. */
export interface Asker {
  /** Wallet address that the key is published under. */
  readonly walletAddress: string
  readonly keyId: string
  /** Ed25519. */
  readonly privateKey: KeyObject
}

export interface GrantedRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly body?: object
}

export interface GrantedRequestsOptions {
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly asker: Asker
}

interface Token {
  readonly value: string
  readonly untilMs: number
}

const tokensMax = 1_000
const tokenLivesMsMax = 24 * 3_600_000
const tokenLivesMsDefault = 600_000
/** A token is not used in its last moments. */
const tokenMarginMs = 10_000
/** One grant without a person's consent lets us do all that paying somebody needs: make an incoming payment, look how it stands, say that nothing more comes. */
const access = [{ type: 'incoming-payment', actions: ['create', 'read-all', 'complete'] }]

const grantAnswer = z.object({ access_token: z.object({ value: z.string().min(1).max(4_000), expires_in: z.number().positive().optional() }) })

/** Keeps one token for each auth server, so that whoever is paid again costs one request. */
export class GrantedRequests {
  readonly #options: GrantedRequestsOptions
  readonly #tokens = new Map<string, Promise<Token>>()

  constructor(options: GrantedRequestsOptions) {
    this.#options = options
  }

  /** Returns an answer of any status. Throws ResolverFault `grant-refused`, `answer-invalid`, `unreachable`, and OutboundFault. */
  async send(authServer: string, request: GrantedRequest): Promise<OutboundAnswer> {
    const token = await this.#tokenOf(authServer)
    const answer = await this.#sendWith(token.value, request)
    if (answer.status !== 401 && answer.status !== 403) return answer
    // The grant may have ended there: once more with a fresh one.
    if ((await this.#tokens.get(authServer)) === token) this.#tokens.delete(authServer)
    return this.#sendWith((await this.#tokenOf(authServer)).value, request)
  }

  #sendWith(token: string, { method, url, body }: GrantedRequest): Promise<OutboundAnswer> {
    return this.#signed(method, new URL(url).href, { authorization: `GNAP ${token}` }, body)
  }

  async #tokenOf(authServer: string): Promise<Token> {
    const known = this.#tokens.get(authServer)
    if (known !== undefined && (await known).untilMs > this.#options.clock.nowMs()) return known
    const asked = this.#grant(authServer)
    this.#tokens.delete(authServer)
    const [oldest] = this.#tokens.keys()
    if (this.#tokens.size >= tokensMax && oldest !== undefined) this.#tokens.delete(oldest)
    this.#tokens.set(authServer, asked)
    // A failure is not remembered.
    asked.catch(() => {
      if (this.#tokens.get(authServer) === asked) this.#tokens.delete(authServer)
    })
    return asked
  }

  async #grant(authServer: string): Promise<Token> {
    const { asker, clock } = this.#options
    const { href } = new URL(authServer)
    const answer = await this.#signed('POST', href, {}, { access_token: { access }, client: asker.walletAddress })
    if (answer.status === 429 || answer.status >= 500) throw new ResolverFault('unreachable', `${href} cannot answer now (status ${answer.status}); try again later`)
    if (answer.status !== 200) throw new ResolverFault('grant-refused', `${href} does not let this wallet make incoming payments (status ${answer.status})`)
    const { value, expires_in: expiresInS } = answerAs(grantAnswer, answer).access_token
    const livesMs = expiresInS === undefined ? tokenLivesMsDefault : Math.min(tokenLivesMsMax, expiresInS * 1_000)
    return { value, untilMs: clock.nowMs() + livesMs - tokenMarginMs }
  }

  #signed(method: 'GET' | 'POST', url: string, credentials: Readonly<Record<string, string>>, given: object | undefined): Promise<OutboundAnswer> {
    const { asker, clock, fetch } = this.#options
    const body = given === undefined ? undefined : Buffer.from(JSON.stringify(given))
    const headers = { accept: 'application/json', 'content-type': 'application/json', ...credentials }
    const signature = signRequest({ method, url, headers, ...(body !== undefined && { body }) }, asker, clock.nowMs())
    return fetch(url, { method, headers: { ...headers, ...signature }, ...(body !== undefined && { body }) })
  }
}
