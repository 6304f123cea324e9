/** What operators do to people and to the whole: audit log, people, corrections, the switch of all streams. Mount on the operator's port; parses its own bodies. */
import { type Accounts, answerRefusals, type Entrance, type PersonListed, personOf } from '@rivulet/accounts'
import { type Action, actionOf, type AuditEntry, type AuditFilter, type AuditLog } from '@rivulet/audit'
import { type Id, isId } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import type { SwitchStore } from '@rivulet/wallet'
import express, { type Response, Router } from 'express'
import { z } from 'zod'
import type { Correction } from './correction-store.ts'
import { AdminFault, type Corrections } from './corrections.ts'

export interface AdminRoutesOptions {
  readonly accounts: Pick<Accounts, 'search' | 'personById' | 'freeze' | 'unfreeze'>
  readonly audit: AuditLog
  readonly corrections: Corrections
  readonly streamSwitch: SwitchStore
  readonly ledger: Pick<Ledger, 'balance' | 'account'>
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'>
  readonly nowMs: () => number
  /** What else is known of a person, by other services: nothing of what she reads. */
  readonly about: (person: { readonly id: Id<'pers'>; readonly role: string }) => Promise<object>
}

const bodyBytesMax = 8_192
const pageSize = 50
const csvRowsMax = 10_000
/** Of each role, that a text may mean. */
const peopleMax = 200
const statuses: Readonly<Record<string, number>> = {
  'request-invalid': 400, 'account-unknown': 400, 'asset-differs': 400, 'correction-unknown': 404, 'correction-state': 409, 'approver-same': 409, 'approver-bound': 409, 'person-unknown': 404, 'freeze-state': 409, 'switch-state': 409, 'database-unavailable': 503,
}
const text = z.string().trim().max(200)
const reason = z.string().trim().min(3).max(500)
const instant = z.coerce.number().int().min(0).max(8_640_000_000_000_000)
const auditQuery = z.object({ operator: text.optional(), name: text.optional(), subject: text.optional(), result: z.enum(['begun', 'done', 'refused', 'failed']).optional(), about: text.optional(), fromMs: instant.optional(), toMs: instant.optional(), before: text.optional() })
const peopleQuery = z.object({ role: z.enum(['subscriber', 'publisher']).default('subscriber'), text: text.default(''), frozen: z.enum(['yes', 'no']).default('no'), before: text.optional() })
const reasonBody = z.strictObject({ reason })
const switchBody = z.strictObject({ stopped: z.boolean(), reason })
const accountName = z.string().trim().min(1).max(200)
const correctionBody = z.strictObject({ debit: accountName, credit: accountName, amount: z.string().regex(/^[1-9][0-9]{0,18}$/, 'must be a whole number of units, more than 0').transform(BigInt).refine((units) => units <= 2n ** 62n, 'must be at most 2^62 units'), reason })

/**
 * GET `/api/audit` (filter, keyset by `before`), `/api/audit.csv`; GET `/api/people`, `/api/people/:id`, POST `/api/people/:id/freeze`, `/unfreeze`; GET and POST `/api/corrections`, POST `/api/corrections/:id/approve`, `/decline`; GET and POST
 * `/api/stream-switch`. Every change has a reason, and is in the audit log.
 */
export function adminRoutes(options: AdminRoutesOptions): Router {
  const { entrance } = options
  const router = Router()
  const paths = ['/api/audit', '/api/audit.csv', '/api/people', '/api/corrections', '/api/stream-switch']
  router.use(paths, entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  auditDoors(router, options)
  peopleDoors(router, options)
  moneyDoors(router, options)
  router.use(paths, answerRefusals(statuses))
  return router
}

function auditDoors(router: Router, { audit, accounts }: AdminRoutesOptions): void {
  const named = async (entries: readonly AuditEntry[]): Promise<readonly object[]> => {
    const names = new Map<string, string>()
    for (const id of new Set(entries.flatMap(({ operator, subject }) => [operator, subject]))) {
      const person = isId('pers', id) ? await accounts.personById(id) : undefined
      if (person !== undefined) names.set(id, person.name)
    }
    return entries.map(({ code, reason: why, ...entry }) => ({ ...entry, reason: why ?? null, code: code ?? null, operatorName: names.get(entry.operator) ?? entry.operator, subjectName: names.get(entry.subject) ?? null }))
  }
  /** An object may be named as people know it: of whom the text is the name or the e-mail, what was done to them is meant too. */
  const asked = async (query: unknown): Promise<Omit<AuditFilter, 'limit'>> => {
    const { about, ...filter } = parse(auditQuery, query)
    if (about === undefined || about === '') return filter
    const people = await Promise.all((['subscriber', 'publisher'] as const).map((role) => accounts.search({ role, text: about, frozenOnly: false, before: undefined, limit: peopleMax })))
    return { ...filter, about, subjects: people.flat().map(({ id }) => id) }
  }
  router.get('/api/audit', async (request, response) => {
    const [entries, known] = await Promise.all([audit.list({ ...(await asked(request.query)), limit: pageSize + 1 }), audit.known()])
    const operators = await Promise.all(known.operators.map(async (id) => ({ id, name: isId('pers', id) ? ((await accounts.personById(id))?.name ?? id) : id })))
    response.json({ person: whoOf(response), entries: await named(entries.slice(0, pageSize)), more: entries.length > pageSize, operators, names: known.names })
  })
  router.get('/api/audit.csv', async (request, response) => {
    const { before: first, ...filter } = await asked(request.query)
    response.attachment('audit.csv').type('text/csv')
    response.write('id,time,operator,action,subject,reason,result,code,detail\r\n')
    let before = first
    for (let rows = 0; rows < csvRowsMax; ) {
      const entries = await audit.list({ ...filter, before, limit: 1_000 })
      for (const { id, atMs, operator, name, subject, reason: why, result, code, detail } of entries) response.write(`${[id, new Date(atMs).toISOString(), operator, name, subject, why ?? '', result, code ?? '', JSON.stringify(detail)].map(csvField).join(',')}\r\n`)
      rows += entries.length
      before = entries.at(-1)?.id
      if (entries.length < 1_000) break
    }
    response.end()
  })
}

function peopleDoors(router: Router, { accounts, audit, ledger, about }: AdminRoutesOptions): void {
  const known = async (id: string): Promise<NonNullable<Awaited<ReturnType<Accounts['personById']>>>> => {
    const person = await accounts.personById(id)
    if (person === undefined || person.role === 'operator') throw new AdminFault('person-unknown', 'there is no such subscriber or publisher')
    return person
  }
  const written = async (person: Omit<PersonListed, 'createdAtMs'> & { readonly createdAtMs?: number }): Promise<object> => {
    const { id, role, name, email, language, frozen, walletAddress, createdAtMs } = person
    const balance = walletAddress === undefined ? undefined : await ledger.balance(walletAddress.ledgerAccountId)
    return {
      id, role, name, email, language, createdAtMs: createdAtMs ?? null, frozen: frozen ?? null, url: walletAddress?.url ?? null,
      balance: balance === undefined ? null : { posted: String(balance.posted), pending: String(balance.pending), accrued: String(balance.accrued), assetCode: balance.asset.code, assetScale: balance.asset.scale },
    }
  }
  router.get('/api/people', async (request, response) => {
    const { role, text: wanted, frozen, before } = parse(peopleQuery, request.query)
    const people = await accounts.search({ role, text: wanted, frozenOnly: frozen === 'yes', before, limit: pageSize + 1 })
    response.json({ person: whoOf(response), people: await Promise.all(people.slice(0, pageSize).map(written)), more: people.length > pageSize })
  })
  router.get('/api/people/:id', async (request, response) => {
    const person = await known(request.params.id)
    const [shown, more, history] = await Promise.all([written(person), about(person), audit.list({ subject: person.id, limit: 20 })])
    response.json({ person: whoOf(response), shown: { ...shown, ...more }, history: history.map(({ name, atMs, reason: why, result }) => ({ name, atMs, reason: why ?? null, result })) })
  })
  router.post('/api/people/:id/freeze', async (request, response) => {
    const { reason: why } = parse(reasonBody, request.body)
    const { id } = await known(request.params.id)
    await accounts.freeze(id, why, doing(response, { name: 'person.freeze', subject: id, reason: why }))
    response.status(204).end()
  })
  router.post('/api/people/:id/unfreeze', async (request, response) => {
    const { reason: why } = parse(reasonBody, request.body)
    const { id } = await known(request.params.id)
    await accounts.unfreeze(id, doing(response, { name: 'person.unfreeze', subject: id, reason: why }))
    response.status(204).end()
  })
}

function moneyDoors(router: Router, { corrections, streamSwitch, ledger, accounts, nowMs }: AdminRoutesOptions): void {
  const written = async ({ amount, debitAccountId, creditAccountId, decidedBy, transferId, note, ...rest }: Correction): Promise<object> => {
    const [debit, credit] = await Promise.all([ledger.account(debitAccountId), ledger.account(creditAccountId)])
    const nameOf = async (id: string | undefined): Promise<string | null> => (id === undefined ? null : ((await accounts.personById(id))?.name ?? id))
    return {
      ...rest, amount: String(amount), debit: debit?.name ?? debitAccountId, credit: credit?.name ?? creditAccountId, assetCode: debit?.asset.code ?? '', assetScale: debit?.asset.scale ?? 0, proposedBy: await nameOf(rest.proposedBy),
      decidedBy: await nameOf(decidedBy), transferId: transferId ?? null, note: note ?? null,
    }
  }
  router.get('/api/corrections', async (_request, response) => {
    const me = personOf(response).id
    const all = await corrections.list(100)
    response.json({ person: whoOf(response), corrections: await Promise.all(all.map(async (each) => ({ ...(await written(each)), mine: each.proposedBy === me }))) })
  })
  router.post('/api/corrections', async (request, response) => {
    const body = parse(correctionBody, request.body)
    const action = doing(response, { name: 'correction.propose', subject: `${body.debit} -> ${body.credit}`, reason: body.reason, detail: { debit: body.debit, credit: body.credit, amount: String(body.amount) } })
    response.status(201).json({ correction: await written(await corrections.propose(body, action)) })
  })
  router.post('/api/corrections/:id/approve', async (request, response) => {
    response.json({ correction: await written(await corrections.approve(request.params.id, doing(response, { name: 'correction.approve', subject: request.params.id }))) })
  })
  router.post('/api/corrections/:id/decline', async (request, response) => {
    const { reason: why } = parse(reasonBody, request.body)
    response.json({ correction: await written(await corrections.decline(request.params.id, why, doing(response, { name: 'correction.decline', subject: request.params.id, reason: why }))) })
  })
  router.get('/api/stream-switch', async (_request, response) => void response.json({ person: whoOf(response), ...(await streamSwitch.state()) }))
  router.post('/api/stream-switch', async (request, response) => {
    const { stopped, reason: why } = parse(switchBody, request.body)
    const action = doing(response, { name: stopped ? 'streams.stop' : 'streams.resume', subject: 'all streams', reason: why })
    if (!(await streamSwitch.set({ stopped, reason: why, sinceMs: nowMs() }, action))) throw new AdminFault('switch-state', stopped ? 'all streams are stopped already' : 'the streams are not stopped')
    response.json(await streamSwitch.state())
  })
}

function doing(response: Response, action: Omit<Action, 'operator'>): Action {
  return actionOf(response, { operator: personOf(response).id, ...action })
}

function whoOf(response: Response): object {
  const { name, email } = personOf(response)
  return { name, email }
}

function parse<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given ?? {})
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AdminFault('request-invalid', `${issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')}: ${issue?.message ?? 'invalid'}`)
}

/** A field that a spreadsheet would take for a formula begins with an apostrophe. */
function csvField(value: string): string {
  return `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`
}

/** What the API reference says of these routes. */
export const adminApi = {
  'GET /api/audit': { summary: 'What operators did, the newest first.', query: auditQuery },
  'GET /api/audit.csv': { summary: 'The same as CSV.', query: auditQuery, type: 'text/csv' },
  'GET /api/people': { summary: 'Finds subscribers or publishers.', query: peopleQuery },
  'GET /api/people/:id': { summary: 'One of them, with what other services know.' },
  'POST /api/people/:id/freeze': { summary: 'Nothing of theirs is spent or paid out, and they do not sign in.', body: reasonBody },
  'POST /api/people/:id/unfreeze': { summary: 'The opposite.', body: reasonBody },
  'GET /api/corrections': { summary: 'Corrections of the books, proposed and decided.' },
  'POST /api/corrections': { summary: 'Proposes one: a second operator approves it.', body: correctionBody },
  'POST /api/corrections/:id/approve': { summary: 'Books it. Not by whoever proposed it.' },
  'POST /api/corrections/:id/decline': { summary: 'Drops it.' },
  'GET /api/stream-switch': { summary: 'Whether all streams stand still.' },
  'POST /api/stream-switch': { summary: 'Stops all streams, or lets them flow again.', body: switchBody },
}
