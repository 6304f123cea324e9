/** The books and the streams as an operator reads them: each answer is one page, bounded, and nothing here changes anything. */
import { answerRefusals } from '@rivulet/accounts'
import { Fault } from '@rivulet/faults'
import { type Id, isId } from '@rivulet/ids'
import type { Account, Ledger, SendingStream, Transfer } from '@rivulet/ledger'
import { type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'

export interface ExplorerRoutesOptions {
  readonly ledger: Pick<Ledger, 'account' | 'balance' | 'transfersOf' | 'explorer'>
  readonly requireSession: RequestHandler
}

const accountsPerPageMax = 50
const transfersPerPageMax = 50
const streamsPerPageMax = 50
const transfersOfStreamMax = 200
const kinds = ['subscriber', 'publisher', 'link', 'exchange', 'psp', 'bank', 'fee', 'loss', 'dust'] as const

const idOf = <Kind extends 'acct' | 'xfer' | 'strm'>(kind: Kind): z.ZodType<Id<Kind>> => z.custom<Id<Kind>>((text) => typeof text === 'string' && isId(kind, text), `must be an id such as ${kind}_01ab...`)
const text = z.string().max(200).default('')
const accountsQuery = z.strictObject({ text, kind: z.enum(kinds).optional(), after: text })
const pageQuery = z.strictObject({ before: idOf('xfer').optional() })
const timeQuery = z.strictObject({ atMs: z.coerce.number().int().min(0).max(8_640_000_000_000_000) })
const streamsQuery = z.strictObject({ text, state: z.enum(['all', 'open', 'in-doubt', 'closed']).default('all'), before: idOf('strm').optional() })

/** GET `/api/ledger/accounts`, `/api/ledger/accounts/ID`, `/api/ledger/accounts/ID/balance?atMs=`, `/api/ledger/transfers/ID`, `/api/streams`, `/api/streams/ID`. Errors are `{error: {code, message}}`. */
export function explorerRoutes({ ledger, requireSession }: ExplorerRoutesOptions): Router {
  const router = Router()
  const { explorer } = ledger
  router.use(['/api/ledger', '/api/streams'], requireSession)

  router.get('/api/ledger/accounts', async (request, response) => {
    const { text: wanted, kind, after } = parse(accountsQuery, request.query)
    const accounts = await explorer.accounts({ text: wanted, kind, after, limit: accountsPerPageMax + 1 })
    answer(response, { accounts: accounts.slice(0, accountsPerPageMax).map(accountJson), more: accounts.length > accountsPerPageMax })
  })

  router.get('/api/ledger/accounts/:id', async (request, response) => {
    const id = parse(idOf('acct'), request.params.id)
    const { before } = parse(pageQuery, request.query)
    const account = await ledger.account(id)
    if (account === undefined) throw new Fault('not-found', 'there is no such account')
    const [balance, transfers] = await Promise.all([ledger.balance(id), ledger.transfersOf(id, { limit: transfersPerPageMax + 1, ...(before !== undefined && { before }) })])
    const shown = transfers.slice(0, transfersPerPageMax)
    answer(response, { account: accountJson(account), accrued: balance.accrued, transfers: shown.map(transferJson), accounts: await namesOf(ledger, shown), more: transfers.length > transfersPerPageMax })
  })

  router.get('/api/ledger/accounts/:id/balance', async (request, response) => {
    const { debitsPosted, creditsPosted } = await explorer.balanceAt(parse(idOf('acct'), request.params.id), parse(timeQuery, request.query).atMs)
    answer(response, { debitsPosted, creditsPosted, posted: creditsPosted - debitsPosted })
  })

  router.get('/api/ledger/transfers/:id', async (request, response) => {
    const transfer = await explorer.transfer(parse(idOf('xfer'), request.params.id))
    if (transfer === undefined) throw new Fault('not-found', 'there is no such transfer')
    const { stream, chainId, chainLength, hash, previousHash, content, recomputedHash, sameEntry } = transfer
    const [debit, credit] = await Promise.all([ledger.account(transfer.debitAccountId), ledger.account(transfer.creditAccountId)])
    answer(response, {
      transfer: transferJson(transfer),
      debit: debit && accountJson(debit),
      credit: credit && accountJson(credit),
      sendingStream: stream === undefined ? null : isId('strm', stream) ? stream : ((await explorer.streamOfConnection(stream)) ?? null),
      chain: { id: chainId, length: chainLength, hash, previousHash: previousHash ?? null, content, recomputedHash },
      sameEntry: sameEntry.map(transferJson),
      accounts: await namesOf(ledger, sameEntry),
    })
  })

  router.get('/api/streams', async (request, response) => {
    const { text: wanted, state, before } = parse(streamsQuery, request.query)
    const states = state === 'all' ? (['open', 'in-doubt', 'closed'] as const) : [state]
    const streams = await explorer.streams({ text: wanted, states, before, limit: streamsPerPageMax + 1 })
    const assets = await accountsOf(ledger, streams.map(({ debitAccountId }) => debitAccountId))
    answer(response, { streams: streams.slice(0, streamsPerPageMax).map((stream) => ({ ...streamJson(stream), ...assetJson(assets.get(stream.debitAccountId)) })), more: streams.length > streamsPerPageMax })
  })

  router.get('/api/streams/:id', async (request, response) => {
    const id = parse(idOf('strm'), request.params.id)
    const stream = await explorer.stream(id)
    if (stream === undefined) throw new Fault('not-found', 'there is no such stream')
    const connection = stream.connection.toString('hex')
    const [sent, received, debit, credit] = await Promise.all([
      explorer.transfersOfStream(id, transfersOfStreamMax), explorer.transfersOfStream(connection, transfersOfStreamMax), ledger.account(stream.debitAccountId), ledger.account(stream.creditAccountId),
    ])
    const transfers = [...sent, ...received].toSorted((one, other) => (one.id < other.id ? 1 : -1))
    answer(response, {
      stream: {
        ...streamJson(stream), assetCode: stream.asset.code, assetScale: stream.asset.scale, excess: stream.excess, linkTotal: stream.linkTotal, connection, destination: stream.resume.destination, receiverIsOurs: stream.resume.receiverIsOurs,
        sendUntilMs: stream.sendUntilMs, sequenceCeiling: stream.sequenceCeiling, ownerId: stream.ownerId, ownerEpoch: stream.ownerEpoch, postedAtMs: stream.postedAtMs, received: stream.received ?? null, packetsSeen: stream.packetsSeen ?? null, closedAtMs: stream.closedAtMs ?? null,
      },
      debit: debit && accountJson(debit),
      credit: credit && accountJson(credit),
      transfers: transfers.map(transferJson),
      accounts: await namesOf(ledger, transfers),
    })
  })

  router.use(['/api/ledger', '/api/streams'], answerRefusals(statuses))
  return router
}

function accountJson({ id, name, kind, asset, debitsPending, debitsPosted, creditsPending, creditsPosted, debitsMayExceedCredits }: Account): object {
  return { id, name, kind, ...assetJson({ asset }), debitsPending, debitsPosted, creditsPending, creditsPosted, debitsMayExceedCredits }
}

function assetJson(of: Pick<Account, 'asset'> | undefined): object {
  return { assetCode: of?.asset.code ?? '', assetScale: of?.asset.scale ?? 0 }
}

function transferJson({ id, key, debitAccountId, creditAccountId, amount, reason, stream, postedAtMs }: Transfer): object {
  return { id, key, debitAccountId, creditAccountId, amount, reason, stream: stream ?? null, postedAtMs }
}

/** Secrets of the connection stay where they are. */
function streamJson({ id, state, label, rate, held, total, posted, openedAtMs, closeReason }: SendingStream): object {
  return { id, state, payer: label.payer, payee: label.payee, site: label.site ?? null, rate, held, total, posted, openedAtMs, closeReason: closeReason ?? null }
}

async function accountsOf(ledger: Pick<Ledger, 'account'>, ids: readonly Id<'acct'>[]): Promise<ReadonlyMap<Id<'acct'>, Account>> {
  const found = await Promise.all([...new Set(ids)].map((id) => ledger.account(id)))
  return new Map(found.flatMap((account) => (account === undefined ? [] : [[account.id, account]])))
}

/** Of both sides of these transfers, for links that say where they lead. */
async function namesOf(ledger: Pick<Ledger, 'account'>, transfers: readonly Transfer[]): Promise<object> {
  const accounts = await accountsOf(ledger, transfers.flatMap(({ debitAccountId, creditAccountId }) => [debitAccountId, creditAccountId]))
  return Object.fromEntries(Array.from(accounts.values(), (account) => [account.id, { name: account.name, ...assetJson(account) }]))
}

/** Amounts go out as decimal strings. */
function answer(response: Response, value: object): void {
  response.set({ 'Cache-Control': 'no-store', 'Content-Type': 'application/json; charset=utf-8' }).send(JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)))
}

/** Throws `query-invalid`, naming the first field that is wrong. */
function parse<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new Fault('query-invalid', `${issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')}: ${issue?.message ?? 'invalid'}`)
}

const statuses: Readonly<Record<string, number>> = { 'query-invalid': 400, 'not-found': 404, 'account-unknown': 404, 'history-too-long': 422, 'database-unavailable': 503 }

/** What the API reference says of these routes. */
export const explorerApi = {
  'GET /api/ledger/accounts': { summary: 'Finds accounts.', query: accountsQuery },
  'GET /api/ledger/accounts/:id': { summary: 'An account with its transfers.', query: pageQuery },
  'GET /api/ledger/accounts/:id/balance': { summary: 'Its balance at a time, from its transfers.', query: timeQuery },
  'GET /api/ledger/transfers/:id': { summary: 'A transfer, its links and its hash.' },
  'GET /api/streams': { summary: 'Finds streams, also those that have ended.', query: streamsQuery },
  'GET /api/streams/:id': { summary: 'A stream: held, accrued, packets, postings.' },
}
