/** How a site gets connected: challenge by the agent, consent by the person, one-time code through the page, redeemed by the agent only (PKCE, RFC 7636). */
import { createHash } from 'node:crypto'
import { type Id, newId, newSecret } from '@rivulet/ids'
import { Batches } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { type Challenge, type Connection, WalletFault } from './connection.ts'
import type { JourneyStore } from './journey-store.ts'
import type { Redemption, WalletStore } from './store.ts'

const challengeLifeMs = 600_000
const codeLifeMs = 60_000
/** A challenge with less time left is not handed out again. */
const challengeReuseMinMs = 120_000
const paidKnownMax = 100_000
const atOnceMax = 500

export class ConnectJourney {
  readonly #store: WalletStore
  readonly #clock: Clock
  readonly #counts: JourneyStore
  /** Tokens whose first packet is counted: every page asks. */
  readonly #paid = new Set<string>()
  /** Those who come in the same turn share each step on the way, and so do pages that are looked up. */
  readonly #asked = new Batches(async (asked: readonly { readonly challenge: string; readonly site: string }[]) => {
    await this.#store.addChallenges(asked, this.#times(challengeLifeMs))
    return asked
  }, atOnceMax)
  readonly #opened = new Batches((challenges: readonly string[]) => this.#store.challenges(challenges), atOnceMax)
  readonly #agreed = new Batches(async (codes: readonly { readonly codeHash: Buffer; readonly challenge: string; readonly personId: Id<'pers'> }[]) => {
    await this.#store.addCodes(codes, this.#times(codeLifeMs))
    return codes
  }, atOnceMax)
  readonly #redeemed = new Batches((redemptions: readonly Redemption[]) => this.#store.redeem(redemptions, this.#clock.nowMs()), atOnceMax)
  readonly #firstPaid = new Batches(async (tokenHashes: readonly Buffer[]) => {
    await this.#counts.paid(tokenHashes, this.#clock.nowMs())
    return tokenHashes
  }, atOnceMax)
  readonly #lookUps = new Batches((asked: readonly { readonly tokenHash: Buffer; readonly site: string }[]) => this.#store.connectionsOfTokens(asked), atOnceMax)

  constructor(store: WalletStore, clock: Clock, counts: JourneyStore) {
    this.#store = store
    this.#counts = counts
    this.#clock = clock
  }

  /**
   * A challenge for `site`. Two pages of one site in one browser share the verifier's cookie: a verifier whose challenge is still good is kept, so
   * that neither spoils the other's.
   */
  async challenge(site: string, knownVerifier: string | undefined): Promise<{ readonly challenge: string; readonly verifier: string; readonly expiresInMs: number }> {
    const nowMs = this.#clock.nowMs()
    if (knownVerifier !== undefined) {
      const challenge = challengeOf(knownVerifier)
      const known = await this.#opened.add(challenge)
      if (known !== undefined && known.site === site && !known.redeemed && known.expiresMs - nowMs >= challengeReuseMinMs) {
        return { challenge, verifier: knownVerifier, expiresInMs: known.expiresMs - nowMs }
      }
    }
    const verifier = newSecret()
    const challenge = challengeOf(verifier)
    await this.#asked.add({ challenge, site })
    return { challenge, verifier, expiresInMs: challengeLifeMs }
  }

  /** A challenge that may still be consented to. Throws `challenge-unknown`, `challenge-expired`, `challenge-used`. */
  async open(challenge: string): Promise<Challenge> {
    const known = await this.#opened.add(challenge)
    if (known === undefined) throw new WalletFault('challenge-unknown', 'this wallet did not give this challenge: start again from the page')
    if (known.redeemed) throw new WalletFault('challenge-used', 'this site has been connected with this challenge: start again from the page')
    if (known.expiresMs <= this.#clock.nowMs()) throw new WalletFault('challenge-expired', 'this took too long: start again from the page')
    return known
  }

  /** Her popup shows the challenge: counted once, and once more when she is signed in there. */
  async seen(challenge: string, signedIn: boolean): Promise<void> {
    await this.#counts.reach('popup', challenge, this.#clock.nowMs())
    if (signedIn) await this.#counts.reach('signed-in', challenge, this.#clock.nowMs())
  }

  /** A page with this token has paid: counted if it is the first packet of a journey. */
  async paid(token: string): Promise<void> {
    const hash = hashOf(token)
    const key = hash.toString('base64')
    if (this.#paid.has(key)) return
    await this.#firstPaid.add(hash)
    if (this.#paid.size >= paidKnownMax) this.#paid.clear()
    this.#paid.add(key)
  }

  /** The person agrees to pay the site of the challenge. The code is good once, for 60 s, for this challenge only. Throws as `open`. */
  async consent(challenge: string, personId: Id<'pers'>): Promise<string> {
    await this.open(challenge)
    const code = newSecret()
    await this.#agreed.add({ codeHash: hashOf(code), challenge, personId })
    return code
  }

  /** The agent's new token. Throws `verifier-missing` and what `WalletStore.redeem` throws; a refusal changes nothing. */
  async redeem(site: string, code: string, verifier: string | undefined): Promise<{ readonly token: string; readonly connection: Connection }> {
    const nowMs = this.#clock.nowMs()
    const token = newSecret()
    // Without a verifier nothing can match; the store still says first what is wrong with the code itself.
    const challenge = verifier === undefined ? '' : challengeOf(verifier)
    const redeemed = await this.#redeemed.add({ codeHash: hashOf(code), site, challenge, tokenHash: hashOf(token), connectionId: newId('conn', nowMs) })
    if (!(redeemed instanceof WalletFault)) return { token, connection: redeemed }
    if (verifier !== undefined || redeemed.code !== 'verifier-mismatch') throw redeemed
    throw new WalletFault('verifier-missing', 'the agent that asked for this code holds a cookie, which did not come along: connect again, and allow cookies of the wallet', { cause: redeemed })
  }

  /** The live connection of an agent's token with the site it runs in. */
  async connectionOf(token: string, site: string): Promise<Connection | undefined> {
    return this.#lookUps.add({ tokenHash: hashOf(token), site })
  }

  #times(lifeMs: number): { readonly nowMs: number; readonly expiresMs: number } {
    const nowMs = this.#clock.nowMs()
    return { nowMs, expiresMs: nowMs + lifeMs }
  }
}

/** PKCE S256 (RFC 7636, section 4.2). */
function challengeOf(verifier: string): string {
  return hashOf(verifier).toString('base64url')
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
