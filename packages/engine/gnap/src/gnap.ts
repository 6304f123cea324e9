/** Grants and tokens of one auth server (GNAP, RFC 9635, as Open Payments narrows it). State lives in PostgreSQL schema `gnap`. */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Id, isId, newId, newSecret } from '@rivulet/ids'
import { Batches, type Postgres } from '@rivulet/postgres'
import type { Clock, Timer } from '@rivulet/time'
import type { Access } from './access.ts'
import { GnapFault } from './fault.ts'
import { type GrantState, next } from './grant.ts'
import { intervalEndMs } from './interval.ts'
import { GnapStore, type GrantChanges, type GrantRow, type NewToken, type Server, type TokenWithGrant } from './store.ts'

/** Who asks, and the key that all its requests are signed with. */
export interface GrantClient {
  /** URL of its wallet address; for directed identity the thumbprint of its key (RFC 7638). */
  readonly id: string
  /** The public name of its wallet address, as it was when it asked. */
  readonly name: string | undefined
  readonly keyId: string
  /** The public key of directed identity, 32 bytes in base64url; undefined when its wallet address publishes the key. */
  readonly keyX: string | undefined
}

export interface GrantRequest {
  readonly client: GrantClient
  readonly access: readonly Access[]
}

export interface InteractiveGrantRequest extends GrantRequest {
  /** A wallet address whose holder the client wants confirmed. */
  readonly subject: string | undefined
  /** Where the person goes after deciding, and the client's nonce. Without it the client polls. */
  readonly finish: { readonly uri: string; readonly nonce: string } | undefined
}

/** What opens the continuation of a grant. */
export interface Continuation {
  readonly grantId: Id<'grnt'>
  readonly token: string
}

export interface IssuedToken {
  /** Of the manage URL. */
  readonly id: Id<'tokn'>
  readonly value: string
  readonly expiresInS: number
  readonly access: readonly Access[]
}

/** A token that may be used now. */
export interface ActiveToken {
  readonly grantId: Id<'grnt'>
  /** As `GrantClient.id`. */
  readonly client: string
  readonly keyId: string
  /** As `GrantClient.keyX`. */
  readonly keyX: string | undefined
  readonly access: readonly Access[]
}

export interface Grant {
  readonly id: Id<'grnt'>
  readonly state: GrantState
  readonly client: GrantClient
  readonly access: readonly Access[]
  readonly subject: string | undefined
  readonly personId: Id<'pers'> | undefined
  readonly createdMs: number
  /** Undefined: until it is ended. */
  readonly expiresMs: number | undefined
  /** When the person, or the client, ended it. */
  readonly endedMs: number | undefined
  /** How the person is sent back to the client; undefined when it polls. */
  readonly finishUri: string | undefined
}

/** What the URL of a request for consent holds. */
export interface Interaction {
  readonly id: string
  readonly nonce: string
}

/** What continuing a grant brought. */
export type Continued =
  | { readonly type: 'wait'; readonly waitS: number }
  | { readonly type: 'issued'; readonly token: IssuedToken | undefined; readonly subject: string | undefined }

/** What the person's browser takes back to the client. */
export type Finished =
  | { readonly type: 'accepted'; readonly uri: string; readonly clientNonce: string; readonly serverNonce: string; readonly reference: string }
  /** invalid: nothing was decided, or it is too late. */
  | { readonly type: 'declined' | 'invalid'; readonly uri: string }

const interactionMsMax = 900_000
/** From the decision until the client must have continued. */
const continueMsMax = 600_000
const pollEveryS = 5
const dayMs = 86_400_000
/** Rotation costs a client a failed payment: what a person agreed to gets a token that lasts. */
const interactiveTokenMs = 90 * dayMs
const tokenMs = dayMs
const grantMs = 7 * dayMs
/** Ended grants and tokens are still known as such for this long. */
const keptMs = dayMs
const cleanEveryMs = 3_600_000
const tokensPerBatchMax = 500
/** What people agreed to stays in their history. */
const peoplesKeptMs = 400 * dayMs
const grantsPerPage = 50

export interface GnapOptions {
  readonly postgres: Postgres
  readonly clock: Clock
  /** Which auth server this is: grants of one are unknown to the other. */
  readonly server: Server
}

export class Gnap implements AsyncDisposable {
  readonly #store: GnapStore
  /** Each is looked up after it was asked for, so that a token which was revoked before is dead. */
  readonly #tokens: Batches<Buffer, TokenWithGrant | undefined>
  readonly #clock: Clock
  #cleaning: Timer | undefined
  #cleaned: Promise<void> = Promise.resolve()

  /** Needs `gnapMigrations` applied. */
  constructor({ postgres, clock, server }: GnapOptions) {
    this.#store = new GnapStore(postgres, server)
    this.#tokens = new Batches(async (hashes) => {
      const found = await this.#store.tokensWithGrants(hashes)
      return hashes.map((hash) => found.get(hash.toString('hex')))
    }, tokensPerBatchMax)
    this.#clock = clock
    this.#clean()
  }

  /** A grant that needs nobody's consent, with its token. */
  async issue({ client, access }: GrantRequest): Promise<{ readonly token: IssuedToken; readonly continuation: Continuation }> {
    const nowMs = this.#clock.nowMs()
    const grantId = newId('grnt', nowMs)
    const continuation = { grantId, token: newSecret() }
    const { issued, row } = this.#newToken(grantId, access, tokenMs)
    await this.#store.insertGrant({ ...columnsOf(client), id: grantId, state: 'issued', access, subject: undefined, continueHash: hashOf(continuation.token), pollAfterMs: nowMs, interaction: undefined, createdMs: nowMs, expiresMs: nowMs + grantMs }, row)
    return { token: issued, continuation }
  }

  /** A grant that waits for a person: she decides at the interaction, whose nonce is part of its URL. */
  async ask({ client, access, subject, finish }: InteractiveGrantRequest): Promise<{ readonly interactionId: Id<'intr'>; readonly nonce: string; readonly serverNonce: string; readonly continuation: Continuation; readonly waitS: number }> {
    const nowMs = this.#clock.nowMs()
    const grantId = newId('grnt', nowMs)
    const interactionId = newId('intr', nowMs)
    const [nonce, serverNonce] = [newSecret(16), newSecret(16)]
    const continuation = { grantId, token: newSecret() }
    // A client that is called back may continue at once; one that polls may not ask faster than it is told.
    const waitS = finish === undefined ? pollEveryS : 0
    const interaction = { id: interactionId, nonceHash: hashOf(nonce), serverNonce, finish }
    await this.#store.insertGrant({ ...columnsOf(client), id: grantId, state: 'asked', access, subject, continueHash: hashOf(continuation.token), pollAfterMs: nowMs + waitS * 1_000, interaction, createdMs: nowMs, expiresMs: nowMs + interactionMsMax }, undefined)
    return { interactionId, nonce, serverNonce, continuation, waitS }
  }

  /** What a token allows; `inactive` when it was revoked, rotated or has expired, or its grant has; undefined when it never was one of ours, or long ago. */
  async introspect(token: string): Promise<ActiveToken | 'inactive' | undefined> {
    const found = await this.#tokens.add(hashOf(token))
    if (found === undefined) return undefined
    const { grant } = found
    if (this.#stateOf(grant) !== 'issued' || found.token.ended_ms !== null || found.token.expires_ms <= this.#clock.nowMs()) return 'inactive'
    return { grantId: grant.id, client: grant.client, keyId: grant.key_id, keyX: grant.key_x ?? undefined, access: grant.access }
  }

  /** The grant that a continuation opens, in whatever state. */
  async continuing({ grantId, token }: { readonly grantId: string; readonly token: string }): Promise<Grant | undefined> {
    const row = isId('grnt', grantId) ? await this.#store.grantById(grantId) : undefined
    return row !== undefined && sameHash(row.continue_hash, token) ? this.#grant(row) : undefined
  }

  /**
   * The client goes on: with the reference that the person's browser brought it, or by polling. The token is given out once. Throws `reference-missing`,
   * `reference-wrong`, `too-fast`, `grant-not-accepted`, `grant-issued`, `grant-ended`, `grant-unknown`.
   */
  async continue(grantId: Id<'grnt'>, reference: string | undefined): Promise<Continued> {
    const nowMs = this.#clock.nowMs()
    const continued = await this.#store.changeGrant<Continued>(grantId, (row) => {
      const state = this.#stateOf(row)
      if (row.finish_uri !== null || reference !== undefined) checkReference(row, state, reference)
      else if (nowMs < row.poll_after_ms) throw new GnapFault('too-fast', 'wait as long as the last answer said before asking again')
      else if (state === 'asked' || state === 'confirming') return { changes: { poll_after_ms: nowMs + pollEveryS * 1_000 }, result: { type: 'wait', waitS: pollEveryS } }
      const changes = { state: next(state, { type: 'continue' }), reference_hash: null, expires_ms: lastMomentOf(row.access) }
      if (row.access.length === 0) return { changes, result: { type: 'issued', token: undefined, subject: row.subject ?? undefined } }
      const { issued, row: token } = this.#newToken(grantId, row.access, interactiveTokenMs)
      return { changes, token, result: { type: 'issued', token: issued, subject: row.subject ?? undefined } }
    })
    if (continued === undefined) throw new GnapFault('grant-unknown', 'there is no such grant')
    return continued
  }

  /** The grant and its token end. Idempotent. */
  async end(grantId: Id<'grnt'>): Promise<void> {
    await this.#store.changeGrant(grantId, (row) => ({ changes: { state: next(row.state, { type: 'end' }), ended_ms: Number(row.ended_ms ?? this.#clock.nowMs()) }, result: undefined }))
  }

  /** The token with this id and value, and its grant, also when it has expired or was ended. */
  async managing({ tokenId, value }: { readonly tokenId: string; readonly value: string }): Promise<{ readonly tokenId: Id<'tokn'>; readonly grant: Grant } | undefined> {
    const found = isId('tokn', tokenId) ? await this.#store.tokenById(tokenId) : undefined
    return found !== undefined && sameHash(found.token.token_hash, value) ? { tokenId: found.token.id, grant: this.#grant(found.grant) } : undefined
  }

  /** A new token, with an id of its own, in the place of one that may have expired; the old value is dead at once. Throws `token-unknown`. */
  async rotate(tokenId: Id<'tokn'>): Promise<IssuedToken> {
    const found = await this.#store.tokenById(tokenId)
    if (found === undefined || this.#stateOf(found.grant) !== 'issued') throw new GnapFault('token-unknown', 'the grant of this token has ended: ask for another')
    const { id, access, interactive } = found.grant
    const { issued, row } = this.#newToken(id, access, interactive ? interactiveTokenMs : tokenMs)
    if (!(await this.#store.replaceToken(tokenId, row))) throw new GnapFault('token-unknown', 'this token was rotated or revoked')
    return issued
  }

  async revoke(tokenId: Id<'tokn'>): Promise<void> {
    await this.#store.endToken(tokenId, this.#clock.nowMs())
  }

  /** What a person is asked at an interaction. Throws `interaction-unknown`. */
  async interaction(interaction: Interaction): Promise<Grant> {
    return this.#grant(await this.#interaction(interaction))
  }

  /**
   * The person agrees; whoever decides first decides. Rights that name no wallet address become rights on hers.
   * @param walletAddresses URLs of all that are hers
   * @param confirm whether she must show once more that it is she, by `confirm`, before it counts
   * Throws `interaction-unknown`, `interaction-foreign` when somebody else's wallet address is asked for, `grant-decided`, `grant-ended`.
   */
  async accept(interaction: Interaction, person: { readonly id: Id<'pers'>; readonly walletAddresses: readonly string[] }, { confirm = false }: { readonly confirm?: boolean } = {}): Promise<void> {
    await this.#decide(interaction, (row) => {
      const state = next(this.#stateOf(row), { type: 'accept', confirm })
      return { state, person_id: person.id, access: JSON.stringify(bindTo(row, person.walletAddresses)) }
    })
  }

  /** She who accepted has shown that it is she. Throws `interaction-unknown`, `interaction-foreign`, `grant-not-accepted`, `grant-decided`, `grant-ended`. */
  async confirm(interaction: Interaction, personId: Id<'pers'>): Promise<void> {
    await this.#decide(interaction, (row) => {
      if (row.person_id !== null && row.person_id !== personId) throw foreign()
      return { state: next(this.#stateOf(row), { type: 'confirm' }) }
    })
  }

  /** Whoever has the URL may refuse, signed in or not. Throws `interaction-unknown`, `grant-decided`, `grant-ended`. */
  async decline(interaction: Interaction): Promise<void> {
    await this.#decide(interaction, (row) => ({ state: next(this.#stateOf(row), { type: 'decline' }) }))
  }

  /**
   * What the browser of the person who decided takes to the client. Each call makes a new reference and forgets the one before, so that one lost on the way does no harm.
   * @param personId who is signed in there; only her who accepted it sends back with a reference
   * Throws `interaction-unknown`, `interaction-foreign`, `reference-missing` for a grant without a way back.
   */
  async finish(interaction: Interaction, personId: Id<'pers'> | undefined): Promise<Finished> {
    const { id } = await this.#interaction(interaction)
    const finished = await this.#store.changeGrant<Finished>(id, (row) => {
      const { finish_uri: uri, finish_nonce: clientNonce, server_nonce: serverNonce } = row
      if (row.person_id !== null && row.person_id !== personId) throw foreign()
      if (uri === null || clientNonce === null || serverNonce === null) throw new GnapFault('reference-missing', 'this client asked for no way back')
      const state = this.#stateOf(row)
      if (state === 'declined') return { changes: {}, result: { type: 'declined', uri } }
      if (state !== 'accepted') return { changes: {}, result: { type: 'invalid', uri } }
      const reference = newSecret(16)
      return { changes: { reference_hash: hashOf(reference) }, result: { type: 'accepted', uri, clientNonce, serverNonce, reference } }
    })
    if (finished === undefined) throw unknownInteraction()
    return finished
  }

  /** What a person has agreed to, newest first, 50 at a time: what lives, or what is over. `next` goes on behind the last one; what is over is known for 400 days. */
  async grantsOf(personId: Id<'pers'>, { past = false, after }: { readonly past?: boolean; readonly after?: string | undefined } = {}): Promise<{ readonly grants: readonly Grant[]; readonly next: Id<'grnt'> | undefined }> {
    const page = { personId, past, after: after !== undefined && isId('grnt', after) ? after : undefined }
    const rows = await this.#store.grantsOf(page, this.#clock.nowMs(), grantsPerPage + 1)
    const grants = rows.slice(0, grantsPerPage).map((row) => this.#grant(row))
    return { grants, next: rows.length > grantsPerPage ? grants.at(-1)?.id : undefined }
  }

  /** The person takes a grant back. Throws `grant-unknown`, also for somebody else's. */
  async endOf(personId: Id<'pers'>, grantId: string): Promise<void> {
    const row = isId('grnt', grantId) ? await this.#store.grantById(grantId) : undefined
    if (row === undefined || row.person_id !== personId) throw new GnapFault('grant-unknown', 'there is no such grant')
    await this.end(row.id)
  }

  /**
   * Forgets a person: her grants with their tokens, of both auth servers, those that name her wallet addresses, and her name as a client. Idempotent.
   * @param addresses all of hers, and under what each stands from now on
   */
  forget(personId: Id<'pers'>, addresses: readonly { readonly url: string; readonly anonymousUrl: string }[]): Promise<void> {
    return this.#store.forget(personId, addresses)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cleaning?.cancel()
    await this.#cleaned
  }

  async #decide(interaction: Interaction, decide: (row: GrantRow) => GrantChanges): Promise<void> {
    const { id } = await this.#interaction(interaction)
    const expiresMs = this.#clock.nowMs() + continueMsMax
    await this.#store.changeGrant(id, (row) => ({ changes: { ...decide(row), expires_ms: expiresMs }, result: undefined }))
  }

  async #interaction({ id, nonce }: Interaction): Promise<GrantRow> {
    const row = isId('intr', id) ? await this.#store.grantByInteraction(id) : undefined
    if (row === undefined || row.nonce_hash === null || !sameHash(row.nonce_hash, nonce)) throw unknownInteraction()
    return row
  }

  #newToken(grantId: Id<'grnt'>, access: readonly Access[], lifeMs: number): { readonly issued: IssuedToken; readonly row: NewToken } {
    const nowMs = this.#clock.nowMs()
    const id = newId('tokn', nowMs)
    const value = newSecret()
    return { issued: { id, value, expiresInS: lifeMs / 1_000, access }, row: { id, grantId, hash: hashOf(value), createdMs: nowMs, expiresMs: nowMs + lifeMs } }
  }

  /** What has expired has ended, whether or not its row says so. */
  #stateOf({ state, expires_ms: expiresMs }: Pick<GrantRow, 'state' | 'expires_ms'>): GrantState {
    return expiresMs !== null && expiresMs <= this.#clock.nowMs() ? 'ended' : state
  }

  #grant(row: GrantRow): Grant {
    return {
      id: row.id,
      state: this.#stateOf(row),
      client: { id: row.client, name: row.client_name ?? undefined, keyId: row.key_id, keyX: row.key_x ?? undefined },
      access: row.access,
      subject: row.subject ?? undefined,
      personId: row.person_id ?? undefined,
      createdMs: Number(row.created_ms),
      expiresMs: row.expires_ms === null ? undefined : Number(row.expires_ms),
      endedMs: row.ended_ms === null ? undefined : Number(row.ended_ms),
      finishUri: row.finish_uri ?? undefined,
    }
  }

  /** Now and every hour; a failure waits for the next hour. */
  #clean(): void {
    this.#cleaned = this.#store.clean(this.#clock.nowMs() - keptMs, this.#clock.nowMs() - peoplesKeptMs).catch(() => {})
    this.#cleaning = this.#clock.after(cleanEveryMs, () => this.#clean(), { background: true })
  }
}

function columnsOf({ id, name, keyId, keyX }: GrantClient) {
  return { client: id, clientName: name, keyId, keyX }
}

/** Before anything else: without the reference nobody learns how the person decided. A declined or expired grant has none to compare. */
function checkReference(row: GrantRow, state: GrantState, reference: string | undefined): void {
  if (reference === undefined) throw new GnapFault('reference-missing', 'this grant is continued with the interact_ref that its finish brings')
  if (state === 'accepted' && (row.reference_hash === null || !sameHash(row.reference_hash, reference))) throw new GnapFault('reference-wrong', 'this interact_ref is not the grant’s')
}

/** Rights on the person's own wallet addresses only. Throws `interaction-foreign`. */
function bindTo({ access, subject }: GrantRow, walletAddresses: readonly string[]): readonly Access[] {
  const hers = (url: string): boolean => walletAddresses.includes(url)
  const named = access.flatMap((one) => ('identifier' in one && one.identifier !== undefined ? [one.identifier] : []))
  const [first] = walletAddresses
  if (first === undefined || !named.every(hers) || (subject !== null && !hers(subject))) throw foreign()
  return access.map((one) => (one.type === 'incoming-payment' && one.identifier === undefined ? { ...one, identifier: first } : one))
}

/** When the last interval of all its limits is over; null when one has no end. */
function lastMomentOf(access: readonly Access[]): number | null {
  let last = 0
  for (const one of access) {
    const interval = one.type === 'outgoing-payment' ? one.limits?.interval : undefined
    const endMs = interval === undefined ? undefined : intervalEndMs(interval)
    // Quotes only serve the payments beside them.
    if (one.type === 'quote') continue
    if (endMs === undefined) return null
    last = Math.max(last, endMs)
  }
  return last === 0 ? null : last
}

function unknownInteraction(): GnapFault {
  return new GnapFault('interaction-unknown', 'there is no such request for consent')
}

function foreign(): GnapFault {
  return new GnapFault('interaction-foreign', 'this asks for another person’s wallet')
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function sameHash(hash: Buffer, secret: string): boolean {
  return timingSafeEqual(hash, hashOf(secret))
}
