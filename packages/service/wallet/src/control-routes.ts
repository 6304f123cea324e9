/**
 * The local control doors, for commands of this installation, on a listener that only this machine reaches. Every request carries `Authorization: Bearer TOKEN`, the token of the data folder.
 *
 * `POST /control/streams {"as": NAME, "pointer": POINTER, "seconds": S}` streams as a subscriber (by path of the wallet address, e-mail, name or id) to a
 * wallet address (`$host/path` or URL) for S seconds, 1 to 86,400. Refusals come as `{"error":{"code","message"}}` with a status of 4xx: `token-invalid`,
 * `request-invalid`, `person-unknown`, `person-ambiguous`, `pointer-invalid`, and what the resolver says. Otherwise 200 and
 * newline-delimited JSON: each second `{"second":N,"sent":"UNITS","packets":N,"fulfilled":N,"rejected":N,"state":STATE}`, where STATE is `paying`, `paused` or
 * `stopped` (then with `"reason"`), and last, when RATE x S is paid, `{"sent":{"value","assetCode","assetScale"},"packets","fulfilled","rejected"}`, with `"reason"` when it ended
 * early, `"unconfirmed"` units whose packets were not answered, so that they may have arrived or not, `"delivered"` where the payee counts in another asset, and `"lastReject":{"code","message"}` when packets were rejected. `value` is a string of units. When the caller hangs up the stream is closed.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { type Accounts, AccountsFault } from '@rivulet/accounts'
import { isFault } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Asset } from '@rivulet/money'
import type { StreamCounters } from '@rivulet/stream-sender'
import { parsePointer } from '@rivulet/web-monetization'
import express, { type Request, type Response, Router } from 'express'
import { z } from 'zod'
import { type Subscriber, WalletFault } from './connection.ts'
import { answerFaults, parse } from './http.ts'
import { PaymentSession, type SessionDesk } from './payment-session.ts'
import { subscriberOf } from './wallet-routes.ts'

export interface ControlRoutesOptions {
  readonly desk: SessionDesk
  readonly accounts: Pick<Accounts, 'personByName'>
  readonly token: string
  /** Units a second. */
  readonly rate: bigint
  readonly allowLocal: boolean
  /** Why this person's streams stand still by the operator's decision, if they do. */
  readonly standstillOf: (personId: Id<'pers'>) => Promise<'streams-stopped' | 'person-frozen' | undefined>
  /** Runs that end when the wallet stops. */
  readonly runs: Set<() => void>
}

const bodyBytesMax = 4_096
const runsMax = 1_000
/** How often a run looks whether the operator stands in its way. */
const standstillSeconds = 2
/** How long the rest may take after the last second without anything paid or under way; what is under way has as long as its hold. */
const standsStillMs = 2_000
const lookEveryMs = 100
const streamBody = z.strictObject({ as: z.string().min(1).max(254), pointer: z.string().min(1).max(2_048), seconds: z.int().min(1).max(86_400) })

export function controlRoutes(options: ControlRoutesOptions): Router {
  const router = Router()
  const expected = digestOf(`Bearer ${options.token}`)
  router.use('/control', (request, _response, next) => {
    // Browsers send an Origin; commands do not.
    const given = digestOf(request.headers.authorization ?? '')
    if (request.headers.origin !== undefined || !timingSafeEqual(given, expected)) {
      throw new WalletFault('token-invalid', 'this needs the control token of the data folder that the server runs with')
    }
    next()
  })
  router.post('/control/streams', express.json({ limit: bodyBytesMax }), async (request, response) => {
    const body = parse(streamBody, request.body)
    const subscriber = subscriberOf(await options.accounts.personByName(body.as))
    const pointer = parsePointer(body.pointer, { allowLocal: options.allowLocal }).href
    const standstill = await options.standstillOf(subscriber.personId)
    if (standstill !== undefined) throw new WalletFault(standstill, standstill === 'person-frozen' ? 'the operator has frozen this person: nothing of hers is spent' : 'the operator has stopped all streams')
    if (options.runs.size >= runsMax) throw new WalletFault('too-many-requests', `at most ${runsMax} streams of commands run at a time`)
    await run(options, { subscriber, pointer, seconds: body.seconds }, { request, response })
  })
  router.use('/control', (error: unknown, _request: Request, response: Response, next: express.NextFunction) => {
    if (response.headersSent || !(error instanceof AccountsFault || isFault(error, 'pointer-invalid'))) next(error)
    else response.status(400).json({ error: { code: error.code, message: error.message } })
  })
  router.use('/control', answerFaults(options.desk.log))
  return router
}

interface Order {
  readonly subscriber: Subscriber
  readonly pointer: string
  readonly seconds: number
}

async function run({ desk, rate, runs, standstillOf }: ControlRoutesOptions, order: Order, { request, response }: { readonly request: Request; readonly response: Response }): Promise<void> {
  const wanted = rate * BigInt(order.seconds)
  const loaded = Promise.withResolvers<{ readonly code: string; readonly message: string } | undefined>()
  const ended = Promise.withResolvers<void>()
  let state: 'paying' | 'paused' | 'stopped' = 'paying'
  let reason: string | undefined
  let deliveredAsset: Asset | undefined
  const session = new PaymentSession(desk, {
    pointer: order.pointer,
    subscriber: order.subscriber,
    site: undefined,
    permit: { rate },
    amountMax: wanted,
    hear: (news) => {
      if (news.type === 'loaded') loaded.resolve(undefined)
      else if (news.type === 'failed') loaded.resolve(news)
      else if (news.type === 'resumed') [state, reason] = ['paying', undefined]
      else if (news.type === 'paid') ({ deliveredAsset } = news.packet)
      else [state, reason] = [news.type, news.reason]
      if (state === 'stopped') ended.resolve()
    },
    // Nothing waits for a command's budget: what it could hold is what it pays.
    budgetSpent: () => ended.resolve(),
  })
  const failure = await loaded.promise
  if (failure !== undefined) {
    response.status(422).json({ error: { code: failure.code, message: failure.message } })
    return
  }
  const stop = (): void => ended.resolve()
  runs.add(stop)
  request.socket.once('close', stop)
  response.setHeader('Content-Type', 'application/x-ndjson')
  response.setHeader('Cache-Control', 'no-store')
  const say = (line: object): void => void response.write(`${JSON.stringify(line)}\n`)
  let over = false
  void ended.promise.then(() => {
    over = true
  })
  // Beside the lines: they come every second, however slow the database is.
  let asking = false
  const lookForStandstill = async (): Promise<void> => {
    if (asking) return
    asking = true
    const standstill = await standstillOf(order.subscriber.personId).catch(() => undefined)
    asking = false
    if (standstill === undefined || over) return
    ;[state, reason] = ['stopped', standstill]
    ended.resolve()
  }
  for (let second = 1; second <= order.seconds && !over; second += 1) {
    await waitOrEnd(desk, 1_000, session, ended.promise)
    if (second % standstillSeconds === 0) void lookForStandstill()
    if (!over) say({ second, sent: session.counters.paid.toString(), ...packetsOf(session.counters), state, ...(reason !== undefined && { reason }) })
  }
  const endedEarly = over
  // On a busy machine the last packets are late.
  for (let waitedMs = 0, stoodMs = 0, { paid } = session.counters; waitedMs < desk.leaseMs && stoodMs < standsStillMs && !over && session.counters.paid < wanted; waitedMs += lookEveryMs) {
    await waitOrEnd(desk, lookEveryMs, session, ended.promise)
    const { inFlight, paid: paidNow } = session.counters
    stoodMs = inFlight > 0n || paidNow > paid ? 0 : stoodMs + lookEveryMs
    paid = paidNow
  }
  // That what it holds is used up, by what was not answered, is no reason of its own once its seconds are over.
  const why = over && (endedEarly || reason !== 'stopped') ? (reason ?? 'stopped') : undefined
  const counters = await session.end()
  const early = counters.paid < wanted ? why : undefined
  const unconfirmed = counters.inFlight + counters.inDoubt
  runs.delete(stop)
  request.socket.off('close', stop)
  const { asset } = order.subscriber
  const exchanged = deliveredAsset !== undefined && (deliveredAsset.code !== asset.code || deliveredAsset.scale !== asset.scale)
  say({
    sent: amountOf(counters.paid, asset), ...(exchanged && { delivered: amountOf(counters.delivered, deliveredAsset ?? asset) }), ...packetsOf(counters), ...(early !== undefined && { reason: early }), ...(unconfirmed > 0n && { unconfirmed: unconfirmed.toString() }),
    ...(session.lastReject !== undefined && { lastReject: session.lastReject }),
  })
  response.end()
}

async function waitOrEnd({ clock }: SessionDesk, delayMs: number, session: PaymentSession, ended: Promise<void>): Promise<void> {
  const waited = Promise.withResolvers<void>()
  const timer = clock.after(delayMs, waited.resolve)
  await Promise.race([waited.promise, ended])
  timer.cancel()
  // Back-off and pauses of the session move on with its ticks.
  session.dispatch({ type: 'tick' })
}

function amountOf(units: bigint, { code, scale }: Asset): object {
  return { value: units.toString(), assetCode: code, assetScale: scale }
}

function packetsOf({ packets, fulfilled, rejected }: StreamCounters): object {
  return { packets, fulfilled, rejected }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
