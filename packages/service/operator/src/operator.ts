import { timingSafeEqual, createHash } from 'node:crypto'
import type { Accounts } from '@rivulet/accounts'
import { personOf } from '@rivulet/accounts'
import type { Ledger, VerifyReport } from '@rivulet/ledger'
import type { Reconciliation } from '@rivulet/payout'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { Router, type Request, type RequestHandler } from 'express'
import { AggregatorRegistry, Gauge, type PrometheusContentType, type Registry } from 'prom-client'
import { BackgroundCheck } from './background-check.ts'
import { explorerRoutes } from './explorer-routes.ts'
import { collectIndicators, type IndicatorSources } from './indicator-keeper.ts'
import { LiveFeed, reportFreshMs } from './live-feed.ts'
import { linksOf } from './measured.ts'
import { type JobLog, jobsOf } from './job-log.ts'
import { safetyOf } from './safety.ts'
import { type JobReport, OperatorStore } from './store.ts'

/** How far a peer stands from its limits; amounts are units of its asset, in strings. */
interface PeerStanding {
  readonly name: string
  readonly balance: { readonly owedToUs: string }
  readonly limits: { readonly owedMax: string }
  /** What we should pay it now; "0" below its threshold. */
  readonly settlementDue: string
}

/** A proof reads every transfer: so often while nobody looks, and at most once in this time when somebody does. */
const checkEveryMs = 900_000
const booksFreshMs = 60_000
const reconciliationFreshMs = 300_000
const indicatorsEveryMs = 3_600_000
const indicatorsFreshMs = 300_000

export interface OperatorOptions {
  readonly ledger: Pick<Ledger, 'sending' | 'account' | 'balance' | 'transfersOf' | 'explorer' | 'verify'>
  readonly accounts: Pick<Accounts, 'entrance'>
  /** With `operatorMigrations` applied. */
  readonly postgres: Postgres
  readonly peers: { list(): Promise<readonly PeerStanding[]> }
  readonly clock: Clock
  /** Where the indicators come from. */
  readonly indicators: Omit<IndicatorSources, 'ledger' | 'clock'>
  /** Holds books, providers and bank against each other. */
  readonly reconcile: () => Promise<Reconciliation>
  /** Where its own checks say when they ran. */
  readonly jobLog?: Pick<JobLog, 'watch'>
  readonly log: { warn(about: object, message: string): void; error(about: object, message: string): void }
  /** What a scraper of `/metrics` sends as bearer token. Without one, only this machine may scrape, and operators who are signed in. */
  readonly metricsToken?: string
}

export interface Operator extends AsyncDisposable {
  /** Links of all processes by peer: whether each is connected, as they reported within the last seconds. */
  links(): Promise<ReadonlyMap<string, boolean>>
  /** The last turn of each job of all processes. */
  jobs(): Promise<readonly JobReport[]>
  /** Makes one of the checks now. */
  readonly again: Readonly<Record<'books' | 'reconciliation' | 'indicators', () => Promise<void>>>
  /** `/api/live` and `/api/pulse` (SSE), `/api/overview`, the books and streams, `/metrics`. The entrance's own handler (`/api/auth/*`) is mounted before them. */
  readonly routes: Router
}

/** The operator's role: sees everything, changes nothing. Needs only the database, so it may run apart from the other roles. */
export function createOperator(options: OperatorOptions): Operator {
  const { ledger, clock, log } = options
  const entrance = options.accounts.entrance('operator')
  const store = new OperatorStore(options.postgres)
  const checks = new AsyncDisposableStack()
  const books = checks.use(new BackgroundCheck({ name: 'the books', check: () => ledger.verify(), wrong: ({ ok, problems }) => (ok ? undefined : { problems: problems.slice(0, 10) }), clock, log, everyMs: checkEveryMs, freshMs: booksFreshMs, watch: options.jobLog?.watch('books') }))
  const reconciliation = checks.use(new BackgroundCheck({ name: 'reconciliation', check: options.reconcile, wrong: () => undefined, clock, log, everyMs: checkEveryMs, freshMs: reconciliationFreshMs, watch: options.jobLog?.watch('reconciliation') }))
  const indicators = checks.use(new BackgroundCheck({ name: 'indicators', check: () => collectIndicators({ ...options.indicators, ledger, clock }), wrong: () => undefined, clock, log, everyMs: indicatorsEveryMs, freshMs: indicatorsFreshMs, watch: options.jobLog?.watch('indicators') }))
  const feed = new LiveFeed({ ledger, store, clock, log, safety: () => safetyOf(books.latest(), reconciliation.latest(), clock.nowMs()), maySee: async (request) => (await entrance.session(request)) !== undefined })
  const routes = Router()

  // Each stream, or the figures only: whoever looks at the overview has no use for a list.
  routes.get(['/api/live', '/api/pulse'], entrance.requireSession, (request, response) => {
    if (!feed.follow(request, response, { streams: request.path === '/api/live' })) response.status(503).set('Retry-After', '30').json({ error: { code: 'followers-too-many', message: 'too many pages follow live: close some of them' } })
  })

  routes.get('/api/overview', entrance.requireSession, async (_request, response) => {
    const nowMs = clock.nowMs()
    const [totals, reports] = await Promise.all([ledger.sending.totals(), store.reportsSince(nowMs - reportFreshMs)])
    const { name, email } = personOf(response)
    const checked = books.latest()
    response.set('Cache-Control', 'no-store').json({
      person: { name, email },
      books: checked === undefined ? null : { ...summaryOf(checked.report), checkedAgoMs: nowMs - checked.checkedAtMs },
      streams: totals.map((total) => ({ ...total, rate: String(total.rate) })),
      processes: reports.map(({ processId, role, version, startedAtMs, packets }) => ({ id: processId, role, version, upMs: Math.max(0, nowMs - startedAtMs), packets })),
    })
  })

  routes.get('/api/indicators', entrance.requireSession, (_request, response) => {
    const { name, email } = personOf(response)
    const computed = indicators.latest()
    response.set('Cache-Control', 'no-store').json({ person: { name, email }, computedAgoMs: computed === undefined ? null : Math.max(0, clock.nowMs() - computed.checkedAtMs), report: computed?.report ?? null })
  })

  routes.use(explorerRoutes({ ledger, requireSession: entrance.requireSession }))

  routes.get('/metrics', mayScrape(options.metricsToken, async (request) => (await entrance.session(request)) !== undefined), async (_request, response) => {
    const registry = await collect(options, store, books)
    response.set('Content-Type', registry.contentType).send(await registry.metrics())
  })

  return {
    routes,
    links: async () => new Map(linksOf(await store.reportsSince(clock.nowMs() - reportFreshMs)).map(({ peer, up }) => [peer, up])),
    jobs: async () => jobsOf(await store.reportsSince(clock.nowMs() - reportFreshMs)),
    again: { books: () => books.again(), reconciliation: () => reconciliation.again(), indicators: () => indicators.again() },
    async [Symbol.asyncDispose]() {
      await feed[Symbol.asyncDispose]()
      await checks.disposeAsync()
    },
  }
}

function summaryOf(report: Awaited<ReturnType<Ledger['verify']>>): object {
  const { ok, problems, accounts, transfers, totals } = report
  const first = problems[0]
  return { ok, problem: first === undefined ? null : `${first.check}: ${first.row}: ${first.message}`, accounts, transfers, totals }
}

/** Every fresh process's metrics, and what only the database knows. */
async function collect({ ledger, clock, peers }: OperatorOptions, store: OperatorStore, books: BackgroundCheck<VerifyReport>): Promise<Registry<PrometheusContentType>> {
  const [totals, reports, standings] = await Promise.all([ledger.sending.totals(), store.reportsSince(clock.nowMs() - reportFreshMs), peers.list()])
  const registry = AggregatorRegistry.aggregate<PrometheusContentType>(reports.map(({ metrics }) => metrics))
  const registers = [registry]
  const streams = new Gauge({ name: 'rivulet_streams', help: 'Streams that are not closed, by state and asset.', labelNames: ['state', 'asset'], registers })
  for (const { state, assetCode, streams: count } of totals) streams.inc({ state, asset: assetCode }, count)
  // Ratios, since amounts outgrow a number of Prometheus.
  const exposure = new Gauge({ name: 'rivulet_peer_exposure_ratio', help: 'What a peer owes us, as part of what it may owe; 1 where it may owe nothing.', labelNames: ['peer'], registers })
  const due = new Gauge({ name: 'rivulet_peer_settlement_due', help: '1 while what we owe a peer has reached its settlement threshold.', labelNames: ['peer'], registers })
  for (const { name: peer, balance, limits, settlementDue } of standings) {
    exposure.set({ peer }, limits.owedMax === '0' ? 1 : Number(balance.owedToUs) / Number(limits.owedMax))
    due.set({ peer }, settlementDue === '0' ? 0 : 1)
  }
  const checked = books.latest()
  if (checked !== undefined) new Gauge({ name: 'rivulet_books_ok', help: '1 while the last proof of the books found nothing wrong.', registers }).set(checked.report.ok ? 1 : 0)
  return registry
}

/** Lets in a scraper with the token, this machine itself where there is none, and an operator's browser. */
function mayScrape(token: string | undefined, signedIn: (request: Request) => Promise<boolean>): RequestHandler {
  return async (request, response, next) => {
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const known = token === undefined ? isThisMachine(request) : given !== undefined && timingSafeEqual(hashOf(given), hashOf(token))
    if (known || (await signedIn(request))) next()
    else response.status(401).json({ error: { code: 'signed-out', message: 'sign in, or send the metrics token as bearer token' } })
  }
}

/** A connection from loopback that no proxy has passed on. */
function isThisMachine(request: Request): boolean {
  const address = request.socket.remoteAddress ?? ''
  const local = address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
  return local && request.headers['x-forwarded-for'] === undefined && request.headers.forwarded === undefined
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** What the API reference says of these routes. */
export const operatorApi = {
  'GET /api/live': { summary: 'What flows, every second, with every open stream.', type: 'text/event-stream' },
  'GET /api/pulse': { summary: 'The same without the streams.', type: 'text/event-stream' },
  'GET /api/overview': { summary: 'The light for the money, measurements and alerts.' },
  'GET /api/indicators': { summary: 'Indicators with cohorts and the connect journey.' },
  'GET /metrics': { summary: 'For Prometheus; a token where one is configured.', open: true, type: 'text/plain' },
}
