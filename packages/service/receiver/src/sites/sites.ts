import { isIP } from 'node:net'
import { messageOf } from '@rivulet/faults'
import { type Id, isId, newId, newSecret } from '@rivulet/ids'
import type { GuardedFetch } from '@rivulet/outbound'
import type { Postgres } from '@rivulet/postgres'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'
import { lookForProof, type ResolveTxt } from './proof.ts'
import { afterCheck, newProof, type Site, SiteFault } from './site.ts'
import { SiteStore } from '../site-store.ts'

export interface SitesOptions {
  /** With `receiverMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  /** Of the files; refuses private addresses unless `allowLocal`. */
  readonly fetch: GuardedFetch
  readonly resolveTxt: ResolveTxt
  /** Accept sites with http, ports and local hosts; only for the sandbox. */
  readonly allowLocal: boolean
  readonly log: { warn(fields: object, message: string): void }
  /** Tells the owner that the proof of a site has vanished; at least once for each time. */
  readonly tellLost?: (site: Site) => Promise<void>
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
}

const sitesPerPersonMax = 50
const siteCharactersMax = 2_000
const tokenBytes = 16
const lookEveryMs = 60_000
const checksPerLookMax = 20
/** Longer than a look can take. */
const leaseMs = 300_000
/** Between two looks that an owner asks for. */
const pauseMs = 5_000

/** The sites of publishers, and the proof that they are theirs: looked at when the owner asks, and again and again by itself. */
export class Sites implements AsyncDisposable {
  readonly #options: SitesOptions
  readonly #store: SiteStore
  #timer: Timer | undefined
  #looking: Promise<unknown> | undefined
  #stopped = false

  constructor(options: SitesOptions) {
    this.#options = options
    this.#store = new SiteStore(options.postgres)
  }

  start(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      this.#looking = watched(() => this.checkDue(), { ...this.#options, everyMs: lookEveryMs, watch: this.#options.watch })
        .catch((error: unknown) => this.#options.log.warn({ err: messageOf(error) }, 'proofs of sites could not be looked at, it is tried again'))
        .finally(() => {
          if (!this.#stopped) this.start()
        })
    }, { background: true })
  }

  list(personId: Id<'pers'>): Promise<readonly Site[]> {
    return this.#store.ofPerson(personId)
  }

  /** @param text a host name, or any address on the site. Throws `site-invalid`, `site-known`, `sites-too-many`. */
  async add(personId: Id<'pers'>, text: string): Promise<Site> {
    const origin = originOf(text, this.#options.allowLocal)
    const nowMs = this.#options.clock.nowMs()
    const site: Site = { ...newProof(nowMs), id: newId('site', nowMs), personId, origin, token: newSecret(tokenBytes), createdAtMs: nowMs }
    const result = await this.#store.insert(site, sitesPerPersonMax)
    if (result === 'known') throw new SiteFault('site-known', `${origin} is one of your sites already`)
    if (result === 'full') throw new SiteFault('sites-too-many', `a publisher has at most ${sitesPerPersonMax} sites: remove one first`)
    return site
  }

  /** Looks for the proof now. Throws `site-unknown`, `check-too-soon`. */
  async check(personId: Id<'pers'>, id: string): Promise<Site> {
    const site = isId('site', id) ? await this.#store.get(personId, id) : undefined
    if (site === undefined) throw unknown()
    if (site.checkedAtMs !== undefined && this.#options.clock.nowMs() - site.checkedAtMs < pauseMs) throw new SiteFault('check-too-soon', `it was looked at just now: ask again in ${pauseMs / 1_000} s`)
    await this.#check(site)
    return (await this.#store.get(personId, site.id)) ?? site
  }

  /** Throws `site-unknown`. */
  async remove(personId: Id<'pers'>, id: string): Promise<void> {
    if (!isId('site', id) || !(await this.#store.remove(personId, id))) throw unknown()
  }

  /** Looks at all that is due; runs by itself every minute. Returns how many. */
  async checkDue(): Promise<number> {
    for (let checked = 0; ; ) {
      const nowMs = this.#options.clock.nowMs()
      const due = await this.#store.claimDue(nowMs, nowMs + leaseMs, checksPerLookMax)
      await Promise.all(due.map((site) => this.#check(site)))
      checked += due.length
      if (due.length < checksPerLookMax || this.#stopped) return checked
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#looking
  }

  async #check(site: Site): Promise<void> {
    const findings = await lookForProof(site, this.#options)
    const after = afterCheck(site, site.createdAtMs, findings, this.#options.clock.nowMs())
    const lost = after.state === 'lost' && site.state === 'proven'
    // Before it is written down: who dies in between finds it lost again, and tells it again.
    if (lost) await this.#options.tellLost?.(site)
    const written = await this.#store.writeProof(site.id, site, after)
    if (written && lost) this.#options.log.warn({ site: site.origin, person: site.personId, ...findings }, 'the proof of a site has vanished')
  }
}

function unknown(): SiteFault {
  return new SiteFault('site-unknown', 'you have no such site: it may have been removed already')
}

/** Only the origin is kept: which page was pasted is nobody's business. */
function originOf(text: string, allowLocal: boolean): string {
  const given = text.trim().slice(0, siteCharactersMax)
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`)
  const local = allowLocal && url?.protocol === 'http:'
  if (url === null || (url.protocol !== 'https:' && !local)) throw new SiteFault('site-invalid', 'write the name of the site, such as example.org: it must be reachable over https')
  const named = url.hostname.includes('.') && isIP(url.hostname) === 0 && !url.hostname.startsWith('[')
  if (!allowLocal && (!named || url.port !== '')) throw new SiteFault('site-invalid', `${url.host.slice(0, 100)} is not the public name of a site: write one such as example.org, without a port`)
  return url.origin
}
