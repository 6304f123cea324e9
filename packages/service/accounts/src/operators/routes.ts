/** Who runs this installation, for operators. Mount on the operator's port; parses its own bodies. */
import { actionOf } from '@rivulet/audit'
import express, { type Response, Router } from 'express'
import { z } from 'zod'
import { answerRefusals } from '../answer-refusals.ts'
import { type Entrance, personOf } from '../entrance.ts'
import { AccountsFault, personName } from '../types.ts'
import type { Operators } from './operators.ts'

const bodyBytesMax = 8_192
const statuses: Readonly<Record<string, number>> = { 'request-invalid': 400, 'operator-unknown': 404, 'email-taken': 409, 'operator-self': 409, 'operator-changed': 409, 'operators-too-many': 409 }
const reason = z.string().trim().min(3).max(500)
const inviteBody = z.strictObject({ name: personName, email: z.email().max(254).transform((email) => email.toLowerCase()), readOnly: z.boolean() })
const roleBody = z.strictObject({ readOnly: z.boolean(), reason })
const reasonBody = z.strictObject({ reason })
const operatorSchema = z.object({ id: z.string(), name: z.string(), email: z.string(), readOnly: z.boolean(), createdAtMs: z.number(), invited: z.boolean(), closed: z.object({ sinceMs: z.number(), reason: z.string() }).nullable(), bound: z.object({ to: z.string(), untilMs: z.number() }).nullable(), you: z.boolean() })

/** GET and POST `/api/operators`; POST `/api/operators/:id/invite` (the mail once more), `/role`, `/close`, `/reopen`. */
export function operatorsRoutes({ operators, entrance }: { readonly operators: Operators; readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin'> }): Router {
  const router = Router()
  router.use('/api/operators', entrance.requireSession, entrance.requireSameOrigin, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/operators', async (_request, response) => {
    const { id: me, name, email } = personOf(response)
    response.json({ person: { name, email }, operators: (await operators.list()).map(({ closed, bound, ...operator }) => ({ ...operator, closed: closed ?? null, bound: bound ?? null, you: operator.id === me })) })
  })
  router.post('/api/operators', async (request, response) => {
    const invited = parse(inviteBody, request.body)
    asked(response, 'operator.invite', invited.email)
    const { id, password } = await operators.invite(personOf(response), invited)
    response.status(201).json({ id, password: password ?? null })
  })
  router.post('/api/operators/:id/invite', async (request, response) => {
    asked(response, 'operator.invite', request.params.id)
    await operators.inviteAgain(request.params.id)
    response.status(204).end()
  })
  router.post('/api/operators/:id/role', async (request, response) => {
    const { readOnly, reason: why } = parse(roleBody, request.body)
    asked(response, readOnly ? 'operator.restrict' : 'operator.entrust', request.params.id, why)
    await operators.setReadOnly(personOf(response), request.params.id, readOnly, why)
    response.status(204).end()
  })
  for (const [verb, closed] of [['close', true], ['reopen', false]] as const) {
    router.post(`/api/operators/:id/${verb}`, async (request, response) => {
      const { reason: why } = parse(reasonBody, request.body)
      const { id } = request.params as { readonly id: string }
      asked(response, `operator.${verb}`, id, why)
      await operators.setClosed(personOf(response), id, closed, why)
      response.status(204).end()
    })
  }
  router.use('/api/operators', answerRefusals(statuses))
  return router
}

/** For the log, if it is not done. */
function asked(response: Response, name: string, subject: string, why?: string): void {
  actionOf(response, { operator: personOf(response).id, name, subject, ...(why !== undefined && { reason: why }) })
}

function parse<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given ?? {})
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AccountsFault('request-invalid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

/** What the API reference says of these routes. */
export const operatorsApi = {
  'GET /api/operators': { summary: 'Who runs this installation, and who of them may only look.', answer: z.object({ person: z.object({ name: z.string(), email: z.string() }), operators: z.array(operatorSchema) }) },
  'POST /api/operators': { summary: 'Makes an operator and mails a link to choose a password; where no mail leaves, the answer holds a password.', body: inviteBody, answer: z.object({ id: z.string(), password: z.string().nullable() }) },
  'POST /api/operators/:id/invite': { summary: 'Mails the link once more, to who has never signed in.' },
  'POST /api/operators/:id/role': { summary: 'Lets another operator only look, or do everything.', body: roleBody },
  'POST /api/operators/:id/close': { summary: 'Closes another operator out, at once and everywhere.', body: reasonBody },
  'POST /api/operators/:id/reopen': { summary: 'Lets an operator in again.', body: reasonBody },
}
