/** What operators see and do about payouts and the bank. Mount on the operator's port; parses its own bodies. */
import { type Accounts, type Entrance, personOf } from '@rivulet/accounts'
import { type Action, actionOf, type AuditLog } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import express, { type Response, Router } from 'express'
import { z } from 'zod'
import { PayoutFault } from './fault.ts'
import { answerFaults, keySchema, parseBody, payoutJson, type RoutesLog, unitsSchema } from './http.ts'
import { type Actor, type PayoutEvent, payoutStatuses } from './payout.ts'
import { everybody } from './everybody.ts'
import type { PayoutRecord, PayoutStore } from './payout-store.ts'
import type { Payouts } from './payouts.ts'
import type { GivingUp } from './giving-up.ts'
import { providerStatementOf } from './reconcile/provider-csv.ts'
import { providerLineKinds } from './reconcile/provider-store.ts'
import type { ClearingItem } from './reconcile/clearing.ts'
import type { Reconciliation, ReconciliationService } from './reconcile/reconciliation.ts'
import type { Bank } from './sepa/bank.ts'
import type { Batch, TakenStatement } from './sepa/bank-store.ts'
import type { Unpaid } from './unpaid-store.ts'

export interface OperatorRoutesOptions {
  readonly payouts: Payouts
  readonly store: PayoutStore
  readonly givingUp: GivingUp
  /** Without one there are no files. */
  readonly bank: Bank | undefined
  readonly reconciliation: ReconciliationService
  /** The key of the charge that a provider calls so. */
  readonly chargeKeyOf: (provider: string, reference: string) => Promise<string | undefined>
  readonly accounts: Pick<Accounts, 'personById' | 'personByName'>
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly log: RoutesLog
  /** Where what operators do is written down. */
  readonly audit: Pick<AuditLog, 'around'>
  readonly nowMs: () => number
}

const bodyBytesMax = 16_384
const statementBytesMax = 20_000_000
const shownMax = 200
const reason = z.string().trim().min(3).max(300)
const decisions = {
  approve: z.strictObject({}),
  reject: z.strictObject({ reason }),
  cancel: z.strictObject({}),
  retry: z.strictObject({}),
  /** What the bank, or whoever carried it, calls it. */
  sent: z.strictObject({ reference: z.string().trim().min(1).max(100) }),
  settled: z.strictObject({}),
  failed: z.strictObject({ reason }),
  returned: z.strictObject({ reason }),
}
type Decision = keyof typeof decisions
/** Of these only the rail knows, where it tells us; that it refused a payout before booking it, a bank does not. */
const byHandOnly: readonly Decision[] = ['sent', 'settled', 'failed', 'returned']
const giveUpSchema = z.strictObject({ reason })
const tryAgainSchema = z.strictObject({})
const word = z.string().min(1).max(200).regex(/^[^\p{Cc}]+$/u, 'must be one line')
const providerName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/)
const explanationSchema = z.discriminatedUnion('as', [
  z.strictObject({ as: z.literal('bank-fee') }),
  z.strictObject({ as: z.literal('own-funds') }),
  z.strictObject({ as: z.literal('payout'), payout: z.string().max(40) }),
  z.strictObject({ as: z.literal('provider-settlement'), provider: providerName, reference: z.string().regex(/^[A-Za-z0-9._:-]{1,100}$/) }),
])
const lineSchema = z.strictObject({
  kind: z.enum(providerLineKinds), reference: word, amount: z.string().regex(/^-?(0|[1-9][0-9]{0,17})$/, 'must be a whole number of units').transform(BigInt), atMs: z.int().min(0),
})
const providerStatementSchema = z.strictObject({ provider: providerName, name: word, fromMs: z.int().min(0), toMs: z.int().min(0), lines: z.array(lineSchema).max(100_000) })
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a day, like 2027-01-31')
const csvQuerySchema = z.strictObject({ provider: providerName, name: word, from: day.optional(), to: day.optional() })
const filterSchema = z.object({ status: z.enum(payoutStatuses).optional(), before: z.string().max(40).optional() })
const requestSchema = z.strictObject({ publisher: z.string().min(1).max(254), amount: z.union([z.literal('all'), unitsSchema]), key: keySchema })

/** GET and POST `/api/payouts`, GET `/api/payouts/:id`, POST `/api/payouts/:id/DECISION`; GET and POST `/api/payout-batches`, GET `/api/payout-batches/:id/file`; GET and POST (XML) `/api/bank-statements`, POST `/api/bank-statements/:id/lines/:number/explain`; GET and POST `/api/provider-statements` (JSON, or CSV with `?provider=&name=&from=&to=`); GET `/api/reconciliation`; GET `/api/payees-elsewhere`, POST `/api/payees-elsewhere/:id/give-up` and `/try-again`. */
export function operatorPayoutRoutes({ payouts, store, givingUp, bank, reconciliation, chargeKeyOf, accounts, entrance, log, audit, nowMs }: OperatorRoutesOptions): Router {
  const router = Router()
  const paths = ['/api/payouts', '/api/payout-batches', '/api/bank-statements', '/api/provider-statements', '/api/reconciliation', '/api/payees-elsewhere']
  const json = express.json({ limit: bodyBytesMax })
  router.use(paths, entrance.requireSession, entrance.requireSameOrigin, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })

  const written = async (records: readonly PayoutRecord[]): Promise<readonly object[]> => {
    const timelines = await store.timelines(records.map(({ payout }) => payout.id))
    const names = new Map<string, string | null>([[everybody.personId, null]])
    for (const id of new Set(records.map(({ personId }) => personId))) if (!names.has(id)) names.set(id, (await accounts.personById(id))?.name ?? id)
    return records.map((record) => ({ ...payoutJson(record, timelines.get(record.payout.id)), publisher: names.get(record.personId) }))
  }
  const ofCsv = (query: unknown, text: string): ReturnType<typeof providerStatementOf> => {
    const { provider, name, from, to } = parseBody(csvQuerySchema, query)
    return providerStatementOf({ provider, name, text, asset: payouts.terms.asset, fromDay: from, toDay: to, chargeKeyOf })
  }
  const needBank = (): Bank => {
    if (bank === undefined) throw new PayoutFault('rail-unknown', 'this installation has no bank account: add one to its configuration')
    return bank
  }

  router.get('/api/payouts', async (request, response) => {
    const { status, before } = parseBody(filterSchema, request.query)
    response.json({ payouts: await written(await store.list({ limit: shownMax, before, ...(status !== undefined && { statuses: [status] }) })), bank: bank !== undefined, assetCode: payouts.terms.asset.code, assetScale: payouts.terms.asset.scale })
  })

  router.post('/api/payouts', json, async (request, response) => {
    const { publisher, amount, key } = parseBody(requestSchema, request.body)
    const { id: personId, role, walletAddress } = await accounts.personByName(publisher)
    if (role !== 'publisher' || walletAddress === undefined) throw new PayoutFault('request-invalid', 'publisher: only publishers are paid out')
    const action = doing(response, { name: 'payout.request', subject: personId, detail: { amount: String(amount) } })
    const record = await payouts.request({ payee: { personId, accountId: walletAddress.ledgerAccountId, asset: walletAddress.asset }, amount, key, by: { kind: 'operator', id: action.operator }, action })
    response.status(201).json({ payout: (await written([record]))[0] })
  })

  router.get('/api/payouts/:id', async (request, response) => {
    const record = await known(store, request.params.id)
    // Who pays by hand must know where to.
    const full = record.payout.rail === 'manual' ? payouts.destinationOf(record) : undefined
    response.json({ payout: { ...(await written([record]))[0], ...(full?.rail === 'manual' && { instructions: full.instructions }) } })
  })

  for (const decision of Object.keys(decisions) as Decision[]) {
    router.post(`/api/payouts/:id/${decision}`, json, async (request, response) => {
      const operator = personOf(response).id
      const record = await known(store, request.params['id'] ?? '')
      const refusedByBank = decision === 'failed' && record.payout.rail === 'sepa'
      if (byHandOnly.includes(decision) && record.payout.rail !== 'manual' && !refusedByBank) throw new PayoutFault('payout-state', `payouts by ${record.payout.rail} are marked by what the rail itself reports`)
      const event = eventOf(decision, parseBody(decisions[decision], request.body), operator)
      const action = doing(response, { name: `payout.${decision}`, subject: record.payout.id, ...('reason' in event && { reason: event.reason }), detail: { amount: String(record.payout.amount), publisher: record.personId } })
      const actor: Actor = { kind: 'operator', id: operator }
      const changed = refusedByBank && event.type === 'failed' ? await needBank().refused(record.payout.id, event.reason, actor, action) : await payouts.decide(record.payout.id, event, actor, action)
      response.json({ payout: (await written([changed]))[0] })
    })
  }

  router.get('/api/payees-elsewhere', async (_request, response) => {
    const payees = await givingUp.list()
    const names = new Map<string, string>()
    for (const id of new Set(payees.flatMap(({ personId, givingUp: by }) => [personId, by?.by, by?.agreedBy]))) if (id !== undefined) names.set(id, (await accounts.personById(id))?.name ?? id)
    response.json({ payees: payees.map(({ waiting, ...payee }) => ({ ...payeeJson(payee, names), sharedBy: payee.personId === everybody.personId ? null : (names.get(payee.personId) ?? null), waiting: String(waiting) })), assetCode: payouts.terms.asset.code, assetScale: payouts.terms.asset.scale })
  })

  router.post('/api/payees-elsewhere/:id/give-up', json, async (request, response) => {
    const given = parseBody(giveUpSchema, request.body)
    const id = request.params['id'] ?? ''
    const action = doing(response, { name: 'payee.give-up', subject: id, reason: given.reason })
    response.json({ payee: payeeJson(await givingUp.giveUp(id, { by: action.operator, reason: given.reason, action })) })
    await payouts.work()
  })

  router.post('/api/payees-elsewhere/:id/try-again', json, async (request, response) => {
    parseBody(tryAgainSchema, request.body)
    const id = request.params['id'] ?? ''
    response.json({ payee: payeeJson(await givingUp.tryAgain(id, doing(response, { name: 'payee.try-again', subject: id }))) })
  })

  router.get('/api/payout-batches', async (_request, response) => void response.json({ batches: (await needBank().batches()).map(batchJson) }))
  router.post('/api/payout-batches', async (_request, response) => void response.status(201).json({ batch: batchJson(await needBank().batch(personOf(response).id, doing(response, { name: 'payout-batch.make', subject: 'sepa' }))) }))
  router.get('/api/payout-batches/:id/file', async (request, response) => {
    const file = await needBank().file(request.params.id)
    response.type('application/xml').set('Content-Disposition', `attachment; filename="${request.params.id}.xml"`).send(file)
  })

  router.get('/api/bank-statements', async (_request, response) => void response.json({ statements: (await needBank().statements()).map(statementJson) }))
  router.post('/api/bank-statements', express.text({ type: ['application/xml', 'text/xml'], limit: statementBytesMax }), async (request, response) => {
    if (typeof request.body !== 'string') throw new PayoutFault('request-invalid', 'send the statement as application/xml')
    response.status(201).json({ statements: (await needBank().take(request.body, personOf(response).id, doing(response, { name: 'bank-statement.take', subject: 'sepa' }))).map(statementJson) })
  })

  router.post('/api/bank-statements/:id/lines/:number/explain', json, async (request, response) => {
    const line = { statementId: request.params.id as Id<'stmt'>, number: Number(request.params.number) || 0 }
    const explanation = parseBody(explanationSchema, request.body)
    const action = doing(response, { name: 'bank-line.explain', subject: `${line.statementId.slice(0, 60)}/${line.number}`, detail: { as: explanation.as } })
    await audit.around(action, nowMs, () => (explanation.as === 'payout' ? needBank().assign(line, explanation.payout) : reconciliation.explain(line, explanation)))
    response.status(204).end()
  })

  router.get('/api/provider-statements', async (_request, response) => void response.json({ statements: await reconciliation.providerStatements(shownMax) }))
  router.post('/api/provider-statements', express.json({ limit: statementBytesMax }), express.text({ type: 'text/csv', limit: statementBytesMax }), async (request, response) => {
    const statement = typeof request.body === 'string' ? await ofCsv(request.query, request.body) : parseBody(providerStatementSchema, request.body)
    await reconciliation.takeProvider(statement, personOf(response).id, doing(response, { name: 'provider-statement.take', subject: statement.provider }))
    response.status(204).end()
  })

  router.get('/api/reconciliation', async (_request, response) => void response.json({ ...reconciliationJson(await reconciliation.run()), assetCode: payouts.terms.asset.code, assetScale: payouts.terms.asset.scale }))

  router.use(paths, answerFaults(log))
  return router
}

function doing(response: Response, action: Omit<Action, 'operator'>): Action {
  return actionOf(response, { operator: personOf(response).id, ...action })
}

async function known(store: PayoutStore, id: string): Promise<PayoutRecord> {
  const record = await store.get(id as Id<'pout'>)
  if (record === undefined) throw new PayoutFault('payout-unknown', 'there is no such payout')
  return record
}

function eventOf(decision: Decision, body: object, operator: string): Exclude<PayoutEvent, { type: 'reserved' | 'refused' }> {
  const said = body as { readonly reason?: string; readonly reference?: string }
  switch (decision) {
    case 'approve':
      return { type: 'approve', by: operator }
    case 'reject':
    case 'failed':
    case 'returned':
      return { type: decision, reason: said.reason ?? '' }
    case 'sent':
      return { type: 'sent', reference: said.reference ?? '' }
    case 'cancel':
    case 'retry':
    case 'settled':
      return { type: decision }
  }
}

/** Amounts as decimal strings: for the API, and for the command. */
export function reconciliationJson({ ok, checkedMs, clearing, comparisons }: Reconciliation): object {
  const item = ({ amount, ...rest }: ClearingItem): object => ({ ...rest, amount: String(amount) })
  return {
    ok, checkedMs,
    clearing: clearing.map(({ name, balance, items, late, unexplained }) => ({ name, balance: String(balance), unexplained: String(unexplained), items: items.length, late: late.map(item) })),
    comparisons: comparisons.map(({ findings, ...rest }) => ({ ...rest, findings: findings.map(({ booked, stated, ...finding }) => ({ ...finding, booked: booked === undefined ? null : String(booked), stated: stated === undefined ? null : String(stated) })) })),
  }
}

function batchJson({ total, ...batch }: Batch): object {
  return { ...batch, total: String(total) }
}

/** @param names of operators, by id */
function payeeJson({ accountId, shown, failures, sinceMs, reason: why, underWay, givingUp }: Unpaid, names?: ReadonlyMap<string, string>): object {
  const name = (id: string): string => names?.get(id) ?? id
  return {
    id: accountId, walletAddress: shown, failures, failingSinceMs: sinceMs ?? null, lastReason: why ?? null, underWay,
    givingUp: givingUp === undefined ? null : { by: givingUp.by === 'schedule' ? null : name(givingUp.by), agreedBy: givingUp.agreedBy === undefined ? null : name(givingUp.agreedBy), reason: givingUp.reason, atMs: givingUp.atMs ?? null },
  }
}

function statementJson({ lines, opening, closing, ...statement }: TakenStatement): object {
  return {
    ...statement, opening: String(opening), closing: String(closing),
    lines: lines.map(({ number, amount, outcome, payoutId, note, description, bookedMs, bankReference, endToEndId }) => ({ number, amount: String(amount), outcome, payoutId: payoutId ?? null, note: note ?? null, description, bookedMs, bankReference: bankReference ?? null, endToEndId: endToEndId ?? null })),
  }
}

/** What the API reference says of these routes. */
export const operatorPayoutApi = {
  'GET /api/payouts': { summary: 'All payouts, the newest first.', query: filterSchema },
  'POST /api/payouts': { summary: 'Pays a publisher out.', body: requestSchema },
  'GET /api/payouts/:id': { summary: 'A payout with its timeline.' },
  'POST /api/payouts/:id/approve': { summary: 'Lets it leave; above a limit two operators do.', body: decisions.approve },
  'POST /api/payouts/:id/reject': { summary: 'Refuses it, with a reason.', body: decisions.reject },
  'POST /api/payouts/:id/cancel': { summary: 'Takes it back before it is sent.', body: decisions.cancel },
  'POST /api/payouts/:id/retry': { summary: 'Sends one again that came back or failed.', body: decisions.retry },
  'POST /api/payouts/:id/sent': { summary: 'By hand: it was sent.', body: decisions.sent },
  'POST /api/payouts/:id/settled': { summary: 'By hand: it has arrived.', body: decisions.settled },
  'POST /api/payouts/:id/failed': { summary: 'By hand: it failed.', body: decisions.failed },
  'POST /api/payouts/:id/returned': { summary: 'By hand: it came back.', body: decisions.returned },
  'GET /api/payees-elsewhere': { summary: 'Wallet addresses of other providers that take none of what subscribers or pointers share with them, and those that are given up.' },
  'POST /api/payees-elsewhere/:id/give-up': { summary: 'Gives one up: what has gathered goes back to the budgets, or the pointer, it came from; above a limit when two operators ask for it.', body: giveUpSchema },
  'POST /api/payees-elsewhere/:id/try-again': { summary: 'Pays out there again, or takes back what a first operator asked for.', body: tryAgainSchema },
  'GET /api/payout-batches': { summary: 'The files that were made for the bank.' },
  'POST /api/payout-batches': { summary: 'Makes one of all that is approved.' },
  'GET /api/payout-batches/:id/file': { summary: 'The file (pain.001).', type: 'application/xml' },
  'GET /api/bank-statements': { summary: 'The bank’s statements that were taken.' },
  'POST /api/bank-statements': { summary: 'Takes one (camt.053).', takes: 'application/xml' },
  'POST /api/bank-statements/:id/lines/:number/explain': { summary: 'Says what a line was that nobody expected.', body: explanationSchema },
  'GET /api/provider-statements': { summary: 'What providers have said so far.' },
  'POST /api/provider-statements': { summary: 'Takes what a provider says.', body: providerStatementSchema },
  'GET /api/reconciliation': { summary: 'Books, providers and bank compared three ways.' },
}
