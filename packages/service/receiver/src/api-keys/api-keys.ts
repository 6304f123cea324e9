import type { Accounts, Entrance } from '@rivulet/accounts'
import { type Id, isId, newId } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Clock, RateLimit } from '@rivulet/time'
import type { Request, RequestHandler, Response } from 'express'
import { ApiKeyStore } from '../api-key-store.ts'
import { type ApiKey, ApiKeyFault, type ApiKeyScope, hashOfKey, makeKey, newApiKey } from './api-key.ts'

export interface ApiKeysOptions {
  /** With `receiverMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  readonly accounts: Pick<Accounts, 'personById'>
  readonly entrance: Entrance
}

const keysPerPersonMax = 20
const keysListedMax = 100
const usedEveryMs = 60_000
/** Of one key. */
const rate = { burst: 60, perSecond: 2 }
/** Of one address that sends keys which do not exist. */
const wrongRate = { burst: 20, perSecond: 0.2 }

/** The keys with which publishers' servers read: each reads for one publisher, what its scopes name, and changes nothing. */
export class ApiKeys {
  readonly #options: ApiKeysOptions
  readonly #store: ApiKeyStore
  readonly #limit: RateLimit
  readonly #wrong: RateLimit

  constructor(options: ApiKeysOptions) {
    this.#options = options
    this.#store = new ApiKeyStore(options.postgres)
    this.#limit = new RateLimit(options.clock, rate)
    this.#wrong = new RateLimit(options.clock, wrongRate)
  }

  list(personId: Id<'pers'>): Promise<readonly ApiKey[]> {
    return this.#store.ofPerson(personId, keysListedMax)
  }

  /** `key` is shown this once. Throws `api-key-invalid`, `api-keys-too-many`. */
  async add(personId: Id<'pers'>, given: unknown): Promise<{ readonly apiKey: ApiKey; readonly key: string }> {
    const parsed = newApiKey.safeParse(given)
    if (!parsed.success) throw new ApiKeyFault('api-key-invalid', 'send {"name": 1 to 60 characters, "scopes": one or more of "statements", "revenue", "payments", "webhooks"}')
    const nowMs = this.#options.clock.nowMs()
    const { key, start, hash } = makeKey()
    const apiKey: ApiKey = { id: newId('apik', nowMs), personId, ...parsed.data, start, createdAtMs: nowMs, usedAtMs: undefined, revokedAtMs: undefined }
    if (!(await this.#store.insert(apiKey, hash, keysPerPersonMax))) throw new ApiKeyFault('api-keys-too-many', `a publisher has at most ${keysPerPersonMax} keys: revoke one first`)
    return { apiKey, key }
  }

  /** It is dead with the next request. Throws `api-key-unknown`. */
  async revoke(personId: Id<'pers'>, id: string): Promise<void> {
    if (!isId('apik', id) || !(await this.#store.revoke(personId, id, this.#options.clock.nowMs()))) throw new ApiKeyFault('api-key-unknown', 'you have no such key: it may have been revoked already')
  }

  /**
   * Lets in the publisher herself by her session, and for GET and HEAD a server of hers by `Authorization: Bearer rvk_...` with this scope; then `personOf(response)` is the publisher.
   * Answers 401 `signed-out` or `api-key-unknown`, 403 `api-key-reads-only` or `api-key-scope`, 429 `too-many-requests`.
   */
  requireReader(scope: ApiKeyScope): RequestHandler {
    return async (request, response, next) => {
      if (request.headers.authorization === undefined) {
        await this.#options.entrance.requireSession(request, response, next)
        return
      }
      const refusal = await this.#admit(scope, request, response)
      if (refusal === undefined) next()
      else response.status(refusal.status).set(refusal.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : refusal.status === 429 ? { 'Retry-After': '5' } : {}).json({ error: { code: refusal.code, message: refusal.message } })
    }
  }

  async #admit(scope: ApiKeyScope, request: Request, response: Response): Promise<{ readonly status: number; readonly code: string; readonly message: string } | undefined> {
    const key = /^Bearer (rvk_[\w-]{43})$/i.exec(request.headers.authorization ?? '')?.[1]
    const known = key === undefined ? undefined : await this.#store.byHash(hashOfKey(key))
    const person = known === undefined ? undefined : await this.#options.accounts.personById(known.personId)
    if (known === undefined || person?.role !== 'publisher') {
      const mayGuess = this.#wrong.allow(request.ip ?? '')
      return mayGuess ? { status: 401, code: 'api-key-unknown', message: 'this API key does not exist, or was revoked' } : { status: 429, code: 'too-many-requests', message: 'too many wrong keys: wait a little' }
    }
    if (!this.#limit.allow(known.id)) return { status: 429, code: 'too-many-requests', message: `a key asks at most ${rate.perSecond} times a second: wait a little` }
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 403, code: 'api-key-reads-only', message: 'an API key reads and changes nothing: sign in for that' }
    if (!known.scopes.includes(scope)) return { status: 403, code: 'api-key-scope', message: `this API key may not read ${scope}: make one that may` }
    await this.#store.used(known.id, this.#options.clock.nowMs(), usedEveryMs)
    response.locals['person'] = person
    return undefined
  }
}
