/** The wallet's HTTP doors: for agents below /agent, for the signed-in subscriber below /api. No CORS: only pages of the wallet's own origin ask. */
import { assetParts, type Entrance, type Person, personOf, personPart, unitsPart } from '@rivulet/accounts'
import { assert } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Balance } from '@rivulet/ledger'
import { amountMax } from '@rivulet/money'
import { type Clock, RateLimit } from '@rivulet/time'
import express, { Router } from 'express'
import { z } from 'zod'
import type { ConnectJourney } from './connect-journey.ts'
import { type Connection, type Subscriber, WalletFault } from './connection.ts'
import { agentCookie, cookieOf, tokenCookie, tokenCookieLifeS, verifierCookie } from './cookies.ts'
import type { HomeFeed } from './home-feed.ts'
import { answerFaults, limitRate, parse, requireOrigin } from './http.ts'
import type { Pace, Pacer } from './pacer.ts'
import type { Log } from './paid-stream.ts'
import type { OpenRequest } from './payer.ts'
import { checkSite } from './site.ts'
import type { WalletStore } from './store.ts'
import { monthOf } from './usage-meter.ts'

/** One of the subscriber's streams, as her home shows it. */
interface SubscriberStream {
  readonly id: Id<'strm'>
  readonly site: string
  readonly payee: string
  readonly rate: bigint
  readonly total: bigint
  readonly state: 'opening' | 'paying' | 'paused' | 'ended'
}

/** What a subscriber's home is read from. */
export interface HomeOptions {
  readonly clock: Clock
  readonly pacer: Pick<Pacer, 'pacesOf'>
  readonly store: WalletStore
  balance(accountId: Id<'acct'>): Promise<Balance>
  streamsOf(personId: Id<'pers'>): readonly SubscriberStream[]
  requestsOf(personId: Id<'pers'>): readonly OpenRequest[]
  /** Units that have left her account since the day began (UTC). */
  spentToday(accountId: Id<'acct'>): Promise<bigint>
  /** Whether the operator has stopped all streams. */
  streamsStopped(): boolean
}

export interface WalletRoutesOptions extends HomeOptions {
  readonly log: Log
  /** Origin of the wallet. */
  readonly origin: string
  readonly allowLocal: boolean
  readonly proxyHops: number
  readonly entrance: Entrance
  readonly journey: ConnectJourney
  readonly feed: HomeFeed
  /** The subscriber paused or resumed her wallet, or changed or ended (undefined) a connection: pages that are open follow. */
  paused(personId: Id<'pers'>, paused: boolean): void
  /** She chose another rate: units a second. */
  paceChanged(personId: Id<'pers'>, rate: bigint): void
  connectionChanged(personId: Id<'pers'>, connectionId: string, connection: Connection | undefined): void
}

const bodyBytesMax = 4_096
const challengeText = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be a challenge as the wallet gave it')
const site = z.string().min(1).max(300)
const challengeBody = z.strictObject({ site })
const redeemBody = z.strictObject({ site, code: z.string().min(1).max(100) })
const pauseBody = z.strictObject({ paused: z.boolean() })
const units = z.string().regex(/^(0|[1-9][0-9]{0,18})$/, 'must be units as a decimal string').transform(BigInt).refine((amount) => amount <= amountMax, 'must be at most 2^62 units')
const connectionBody = z.strictObject({ blocked: z.boolean(), capPerMonth: units.nullable(), rate: units.nullable().optional() })
const paceBody = z.strictObject({ pacing: z.enum(['stream', 'stretch']).nullable(), rate: units.nullable() })
/** Requests of open pages that are listed with the reason why they are not paid. */
const waitingListedMax = 5
/** How far a rate that she chooses may be from her plan's: between a fiftieth and twenty times of it. */
const slowestRate = 50n
const fastestRate = 20n
const parameters = { challenge: z.object({ challenge: challengeText }), id: z.object({ id: z.string().regex(/^conn_[0-9a-z]{26}$/, 'must be the id of a connection') }) }

export function walletRoutes(options: WalletRoutesOptions): Router {
  const router = Router()
  const limit = new RateLimit(options.clock, { burst: 120, perSecond: 10 })
  // The same checks in front of every door; what is not ours goes on to whoever comes next.
  router.use(['/agent/challenges', '/agent/redeem', '/api/connect', '/api/me', '/api/connections', '/api/pause', '/api/pace'], limitRate(limit, options.proxyHops), (_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store')
    next()
  })
  const json = express.json({ limit: bodyBytesMax })
  agentDoors(router, options, json)
  consentDoors(router, options, json)
  homeDoors(router, options, json)
  router.use(answerFaults(options.log))
  return router
}

function agentDoors(router: Router, { origin, journey, allowLocal }: WalletRoutesOptions, json: express.RequestHandler): void {
  const own = requireOrigin(origin)

  router.post('/agent/challenges', own, json, async (request, response) => {
    const body = parse(challengeBody, request.body)
    const from = checkSite(body.site, allowLocal)
    const { challenge, verifier, expiresInMs } = await journey.challenge(from, cookieOf(request.headers.cookie, verifierCookie(from)))
    response.append('Set-Cookie', agentCookie(verifierCookie(from), verifier, Math.ceil(expiresInMs / 1_000)))
    response.status(201).json({ challenge, expiresInMs })
  })

  router.post('/agent/redeem', own, json, async (request, response) => {
    const body = parse(redeemBody, request.body)
    const from = checkSite(body.site, allowLocal)
    const { token } = await journey.redeem(from, body.code, cookieOf(request.headers.cookie, verifierCookie(from)))
    response.append('Set-Cookie', agentCookie(tokenCookie(from), token, tokenCookieLifeS))
    response.append('Set-Cookie', agentCookie(verifierCookie(from), '', 0))
    response.json({ connected: true })
  })
}

function consentDoors(router: Router, options: WalletRoutesOptions, json: express.RequestHandler): void {
  const { origin, journey, entrance, clock } = options
  router.get('/api/connect/:challenge', async (request, response) => {
    const { challenge } = parse(parameters.challenge, request.params)
    const known = await journey.open(challenge)
    const person = await entrance.session(request)
    await journey.seen(challenge, person !== undefined)
    const asset = person?.walletAddress?.asset
    response.json({
      site: known.site,
      expiresInMs: known.expiresMs - clock.nowMs(),
      person: person === undefined ? null : publicPerson(person),
      plan: person === undefined || asset === undefined ? null : { rate: (await paceOf(options, subscriberOf(person))).rate.toString(), assetCode: asset.code, assetScale: asset.scale },
    })
  })

  router.post('/api/connect/:challenge/consent', requireOrigin(origin), entrance.requireSession, json, async (request, response) => {
    const { challenge } = parse(parameters.challenge, request.params)
    const { personId } = subscriberOf(personOf(response))
    response.status(201).json({ code: await journey.consent(challenge, personId) })
  })
}

function homeDoors(router: Router, options: WalletRoutesOptions, json: express.RequestHandler): void {
  const { origin, store, entrance, clock } = options
  const own = requireOrigin(origin)

  router.get('/api/me', entrance.requireSession, async (_request, response) => {
    response.json(await homeOf(options, personOf(response)))
  })

  router.get('/api/me/live', entrance.requireSession, (request, response) => {
    const person = personOf(response)
    subscriberOf(person)
    if (!options.feed.follow(person, request, response)) throw new WalletFault('too-many-requests', 'too many windows follow this wallet at once: close some')
  })

  router.post('/api/pause', own, entrance.requireSession, json, async (request, response) => {
    const { paused } = parse(pauseBody, request.body)
    const { personId } = subscriberOf(personOf(response))
    await store.setPaused(personId, paused)
    options.paused(personId, paused)
    response.json({ paused })
  })

  router.put('/api/pace', own, entrance.requireSession, json, async (request, response) => {
    const { pacing, rate } = parse(paceBody, request.body)
    const subscriber = subscriberOf(personOf(response))
    const { terms } = await paceOf(options, subscriber)
    await store.setPace(subscriber.personId, { pacing: pacing ?? undefined, rate: rateWithin(rate, terms.rate) ?? undefined })
    const changed = await paceOf(options, subscriber)
    options.paceChanged(subscriber.personId, changed.rate)
    response.json({ rate: changed.rate.toString(), pace: publicPace(changed) })
  })

  router.patch('/api/connections/:id', own, entrance.requireSession, json, async (request, response) => {
    const { id } = parse(parameters.id, request.params)
    const { blocked, capPerMonth, rate } = parse(connectionBody, request.body)
    const subscriber = subscriberOf(personOf(response))
    const { personId } = subscriber
    const chosen = rate === undefined ? undefined : rateWithin(rate, (await paceOf(options, subscriber)).terms.rate)
    const changed = await store.changeConnection(personId, id, { blocked, capPerMonth: capPerMonth ?? undefined, ...(chosen !== undefined && { rate: chosen }) })
    if (changed === undefined) throw new WalletFault('connection-unknown', 'there is no such connection')
    options.connectionChanged(personId, id, changed)
    response.json(publicConnection(changed))
  })

  router.delete('/api/connections/:id', own, entrance.requireSession, async (request, response) => {
    const { id } = parse(parameters.id, request.params)
    const { personId } = subscriberOf(personOf(response))
    if (!(await store.revoke(personId, id, clock.nowMs()))) throw new WalletFault('connection-unknown', 'there is no such connection')
    options.connectionChanged(personId, id, undefined)
    response.status(204).end()
  })
}

/** All that her home shows, at one moment. */
export async function homeOf(options: HomeOptions, person: Person): Promise<object> {
  const { store, clock } = options
  const { personId, accountId } = subscriberOf(person)
  const nowMs = clock.nowMs()
  const [pace, balance, connections, usage, spentToday] = await Promise.all([
    paceOf(options, { personId, accountId }),
    options.balance(accountId),
    store.connectionsOf(personId),
    store.usageSince(personId, monthOf(nowMs)),
    options.spentToday(accountId),
  ])
  const spent = new Map(usage.map((entry) => [entry.site, entry]))
  const requests = options.requestsOf(personId)
  const reasons = new Map(requests.map(({ streamId, reason }) => [streamId, reason]))
  const waiting = requests.filter(({ streamId }) => streamId === undefined)
  return {
    person: publicPerson(person),
    paused: pace.paused,
    streamsStopped: options.streamsStopped(),
    rate: pace.rate.toString(),
    pace: publicPace(pace),
    balance: {
      posted: balance.posted.toString(),
      pending: balance.pending.toString(),
      accrued: balance.accrued.toString(),
      assetCode: balance.asset.code,
      assetScale: balance.asset.scale,
    },
    spentToday: spentToday.toString(),
    connections: connections.map((connection) => ({
      ...publicConnection(connection),
      spentThisMonth: (spent.get(connection.site)?.amount ?? 0n).toString(),
      secondsThisMonth: Number((spent.get(connection.site)?.attentionMs ?? 0n) / 1_000n),
    })),
    streams: options.streamsOf(personId).map((stream) => ({ ...stream, rate: stream.rate.toString(), total: stream.total.toString(), reason: reasons.get(stream.id) ?? null })),
    waiting: waiting.slice(0, waitingListedMax).map(({ site: from, payee, reason }) => ({ site: from, payee, reason: reason ?? null })),
    waitingInAll: waiting.length,
  }
}

/** The person as one who pays. Throws `person-unknown` for a person without a wallet address. */
export function subscriberOf(person: Person): Subscriber {
  const { walletAddress } = person
  if (walletAddress === undefined || person.role !== 'subscriber') throw new WalletFault('person-unknown', `${person.name} is not a subscriber`)
  return { personId: person.id, name: person.name, email: person.email, walletAddress: walletAddress.url, accountId: walletAddress.ledgerAccountId, asset: walletAddress.asset }
}

async function paceOf({ pacer }: Pick<HomeOptions, 'pacer'>, { personId, accountId }: Pick<Subscriber, 'personId' | 'accountId'>): Promise<Pace> {
  const [pace] = await pacer.pacesOf([{ personId, accountId }])
  assert(pace !== undefined, 'one pace for each that was asked for')
  return pace
}

/** Null: the usual. Throws `rate-out-of-range`. */
function rateWithin(rate: bigint | null, usual: bigint): bigint | null {
  if (rate === null) return null
  if (rate * slowestRate < usual || rate > usual * fastestRate) throw new WalletFault('rate-out-of-range', `a rate is between a fiftieth and twenty times that of the plan, ${usual} units a second`)
  return rate
}

function publicPace({ pacing, terms, setting }: Pace): object {
  return { pacing, chosenPacing: setting.pacing ?? null, chosenRate: setting.rate?.toString() ?? null, planPacing: terms.pacing, planRate: terms.rate.toString(), periodEndsMs: terms.periodEndsMs ?? null, budget: terms.budget?.toString() ?? null }
}

function publicPerson({ id, name, email }: Person): object {
  return { id, name, email }
}

function publicConnection(connection: Connection): object {
  const { id, site: from, createdMs, blocked, capPerMonth, rate } = connection
  return { id, site: from, createdAtMs: createdMs, blocked, capPerMonth: capPerMonth?.toString() ?? null, rate: rate?.toString() ?? null }
}

const pacings = z.enum(['stream', 'stretch'])
const paceAnswer = z.strictObject({ pacing: pacings, chosenPacing: pacings.nullable(), chosenRate: unitsPart.nullable(), planPacing: pacings, planRate: unitsPart, periodEndsMs: z.int().nullable(), budget: unitsPart.nullable() })
const connectionAnswer = z.strictObject({ id: z.string(), site: z.string(), createdAtMs: z.int(), blocked: z.boolean(), capPerMonth: unitsPart.nullable(), rate: unitsPart.nullable() })
const connectAnswer = z.strictObject({ site: z.string(), expiresInMs: z.int(), person: personPart.extend({ id: z.string() }).nullable(), plan: z.strictObject({ rate: unitsPart, ...assetParts }).nullable() })
const homeAnswer = z.strictObject({
  person: personPart.extend({ id: z.string() }), paused: z.boolean(), streamsStopped: z.boolean(), rate: unitsPart.meta({ description: 'Units a second.' }), pace: paceAnswer,
  balance: z.strictObject({ posted: unitsPart, pending: unitsPart, accrued: unitsPart, ...assetParts }), spentToday: unitsPart, connections: z.array(connectionAnswer.extend({ spentThisMonth: unitsPart, secondsThisMonth: z.int() })),
  streams: z.array(z.strictObject({ id: z.string(), site: z.string(), payee: z.string(), rate: unitsPart, total: unitsPart, state: z.enum(['opening', 'paying', 'paused', 'in-doubt', 'ended']), reason: z.string().nullable() })),
  waiting: z.array(z.strictObject({ site: z.string(), payee: z.string(), reason: z.string().nullable() })), waitingInAll: z.int(),
})

/** What the API reference says of these routes. */
export const walletApi = {
  'POST /agent/challenges': { summary: 'The agent begins to connect a site.', body: challengeBody, open: true, answer: z.strictObject({ challenge: z.string(), expiresInMs: z.int() }) },
  'POST /agent/redeem': { summary: 'The agent exchanges the code of a consent for its cookie.', body: redeemBody, open: true, answer: z.strictObject({ connected: z.literal(true) }) },
  'GET /api/connect/:challenge': { summary: 'Which site asks to be connected.', open: true, answer: connectAnswer },
  'POST /api/connect/:challenge/consent': { summary: 'Connects it; answers a code for the agent.', answer: z.strictObject({ code: z.string() }) },
  'GET /api/me': { summary: 'The wallet: budget, rate, what is paid now or why it is not, sites.', answer: homeAnswer },
  'GET /api/me/live': { summary: 'The same as it happens.', type: 'text/event-stream' },
  'POST /api/pause': { summary: 'Turns paying off or on.', body: pauseBody, answer: z.strictObject({ paused: z.boolean() }) },
  'PUT /api/pace': { summary: 'How fast the budget is spent.', body: paceBody, answer: z.strictObject({ rate: unitsPart, pace: paceAnswer }) },
  'PATCH /api/connections/:id': { summary: 'Limits of a site: blocked, a cap a month, a rate.', body: connectionBody, answer: connectionAnswer },
  'DELETE /api/connections/:id': { summary: 'Disconnects it; open pages stop being paid.' },
}
