/** How people get in and stay in: passkeys beside e-mail and password, the list of where they are signed in, and a limit on guessing. */
import { createHash } from 'node:crypto'
import type { Clock } from '@rivulet/time'
import type { BetterAuthPlugin } from 'better-auth'
import { APIError, createAuthEndpoint } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import express, { type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { personPart } from './answer-parts.ts'
import { answerRefusals } from './answer-refusals.ts'
import type { Passkeys } from './passkeys.ts'
import type { SignInsStore } from './sign-ins-store.ts'
import { AccountsFault, type Person, type Role } from './types.ts'

const bodyBytesMax = 16_384
const signInsMax = 100
/** Whoever is signed in for longer shows first that it is still she, by signing in again, before a passkey is added. */
const freshMs = 24 * 3600_000
const seenEveryMs = 300_000
const seenKnownMax = 10_000
/** Wrong passwords for one e-mail, from wherever they come, in a quarter of an hour. */
const attemptsMax = 10
const attemptsMaxSandbox = 600
const attemptsWindowMs = 900_000

/** A session, as `requireSession` found it. */
export interface CurrentSession {
  readonly id: string
  readonly sinceMs: number
}

/** For better-auth: signing in by passkey makes a session as by password. */
export function passkeyPlugin(passkeys: Passkeys): BetterAuthPlugin {
  return {
    id: 'rivulet-passkeys',
    endpoints: {
      passkeyOptions: createAuthEndpoint('/passkey/options', { method: 'POST' }, async (ctx) => ctx.json(await passkeys.authentication())),
      signInPasskey: createAuthEndpoint('/passkey/sign-in', { method: 'POST', body: z.object({ response: z.unknown() }) }, async (ctx) => {
        const personId = await passkeys.authenticate(ctx.body.response).catch((error: unknown) => {
          throw error instanceof AccountsFault ? refusal(error) : error
        })
        const user = await ctx.context.internalAdapter.findUserById(personId)
        if (user === null) throw refusal(new AccountsFault('passkey-invalid', 'this passkey belongs to nobody here'))
        const session = await ctx.context.internalAdapter.createSession(user.id)
        await setSessionCookie(ctx, { session, user })
        return ctx.json({ status: true })
      }),
    },
  }
}

function refusal({ code, message }: AccountsFault): APIError {
  return new APIError('UNAUTHORIZED', { code: code.toUpperCase().replaceAll('-', '_'), message })
}

/** Tells, seldom enough, when a session was last used. */
export function sessionWatch(store: SignInsStore, clock: Clock): (sessionId: string) => void {
  const told = new Map<string, number>()
  return (sessionId) => {
    const nowMs = clock.nowMs()
    if (nowMs - (told.get(sessionId) ?? 0) < seenEveryMs) return
    if (told.size >= seenKnownMax) told.clear()
    told.set(sessionId, nowMs)
    // Only for the list: a failure is made good by the next request.
    store.seen(sessionId, new Date(nowMs)).catch(() => told.delete(sessionId))
  }
}

/** Counts attempts at one e-mail before its password is looked at, and forgets them when it was right. Known and unknown e-mails are counted alike. */
export function attemptLimit({ store, clock, role, sandbox }: { readonly store: SignInsStore; readonly clock: Clock; readonly role: Role; readonly sandbox: boolean }): RequestHandler {
  return async (request, response, next) => {
    if (request.path !== '/sign-in/email') return next()
    const { email } = request.body as { readonly email: string }
    const { allowed, retryAfterS, forget } = await attemptsLeft({ store, clock, sandbox }, `${role}/${email.toLowerCase()}`)
    if (!allowed) {
      response.status(429).set('retry-after', retryAfterS).json({ code: 'RATE_LIMITED', message: 'too many attempts at this e-mail: wait a quarter of an hour, or use a passkey or a new password' })
      return
    }
    response.on('finish', () => {
      if (response.statusCode === 200) void forget().catch(() => undefined)
    })
    next()
  }
}

/** Counts one more attempt of a quarter of an hour under this name, which is not kept. */
export async function attemptsLeft({ store, clock, sandbox }: { readonly store: SignInsStore; readonly clock: Clock; readonly sandbox: boolean }, name: string): Promise<{ readonly allowed: boolean; readonly retryAfterS: string; readonly forget: () => Promise<void> }> {
  const key = createHash('sha256').update(name).digest('base64url')
  const nowMs = clock.nowMs()
  await store.deleteAttemptsBefore(new Date(nowMs - attemptsWindowMs))
  const count = await store.attempt(key, new Date(nowMs), new Date(nowMs - attemptsWindowMs))
  return { allowed: count <= (sandbox ? attemptsMaxSandbox : attemptsMax), retryAfterS: String(attemptsWindowMs / 1000), forget: () => store.forgetAttempts(key) }
}

interface SignInsParts {
  readonly store: SignInsStore
  readonly passkeys: Passkeys
  readonly clock: Clock
  readonly requireSession: RequestHandler
  readonly requireSameOrigin: RequestHandler
  /** Whether mails leave, without which an e-mail cannot be changed. */
  readonly writes: boolean
  /** Whoever can be written to learns that there is one more way in. */
  readonly tellOfPasskey: (person: Person, passkeyId: string) => Promise<void>
}

/**
 * GET `/api/sign-ins` (`{person, writes, signIns, passkeys}`), DELETE `/api/sign-ins/:id`, DELETE `/api/sign-ins` (all others: `{ended}`), POST `/api/passkeys/options`,
 * POST `/api/passkeys` (`{response, name}`), PATCH `/api/passkeys/:id` (`{name}`), DELETE `/api/passkeys/:id`.
 */
export function signInsRoutes({ store, passkeys, clock, requireSession, requireSameOrigin, writes, tellOfPasskey }: SignInsParts): Router {
  const routes = Router()
  const own = [requireSameOrigin, requireSession]
  const json = express.json({ limit: bodyBytesMax })
  const who = (response: Response): { readonly person: Person; readonly current: CurrentSession } => ({ person: response.locals['person'] as Person, current: response.locals['session'] as CurrentSession })
  /** Adding a way in needs a session that is young: one that was left open somewhere is not enough. */
  const requireFresh: RequestHandler = (_request, response, next) => {
    if (clock.nowMs() - who(response).current.sinceMs > freshMs) throw new AccountsFault('sign-in-old', 'you signed in more than a day ago: sign out, sign in again, then add the passkey')
    next()
  }

  routes.get('/api/sign-ins', requireSession, async (_request, response) => {
    const { person, current } = who(response)
    const [sessions, keys] = await Promise.all([store.sessions(person.id, new Date(clock.nowMs()), signInsMax), passkeys.list(person.id)])
    response.json({
      person: { name: person.name, email: person.email },
      writes,
      signIns: sessions.map(({ id, ip_address, user_agent, created_at, seen_at }) => ({ id, address: ip_address ?? '', userAgent: (user_agent ?? '').slice(0, 300), sinceMs: created_at.getTime(), seenMs: (seen_at ?? created_at).getTime(), current: id === current.id })),
      passkeys: keys,
    })
  })
  routes.delete('/api/sign-ins/:id', ...own, async (request, response) => {
    if (!(await store.endSession(who(response).person.id, String(request.params['id'])))) throw new AccountsFault('sign-in-unknown', 'you are not signed in there any more')
    response.status(204).end()
  })
  routes.delete('/api/sign-ins', ...own, async (_request, response) => {
    const { person, current } = who(response)
    response.json({ ended: await store.endSessionsBut(person.id, current.id) })
  })
  routes.post('/api/passkeys/options', ...own, requireFresh, async (_request, response) => void response.json(await passkeys.registration(who(response).person)))
  routes.post('/api/passkeys', ...own, requireFresh, json, async (request, response) => {
    const { response: answer, name } = bodyOf(request.body)
    const { person } = who(response)
    const passkey = await passkeys.register(person, answer, name)
    await tellOfPasskey(person, passkey.id)
    response.status(201).json(passkey)
  })
  routes.patch('/api/passkeys/:id', ...own, json, async (request, response) => {
    await passkeys.rename(who(response).person.id, String(request.params['id']), bodyOf(request.body).name)
    response.status(204).end()
  })
  routes.delete('/api/passkeys/:id', ...own, async (request, response) => {
    await passkeys.remove(who(response).person.id, String(request.params['id']))
    response.status(204).end()
  })
  routes.use(answerRefusals(statuses))
  return routes
}

function bodyOf(body: unknown): { readonly response?: unknown; readonly name?: unknown } {
  return typeof body === 'object' && body !== null ? body : {}
}

const statuses: Readonly<Record<string, number>> = { 'passkey-invalid': 400, 'passkey-unknown': 404, 'sign-in-unknown': 404, 'passkey-taken': 409, 'passkeys-too-many': 409, 'sign-in-old': 403 }

const passkeyAnswer = z.strictObject({ id: z.string(), name: z.string(), createdAtMs: z.int(), usedAtMs: z.int().nullable(), synced: z.boolean() })
const signInsAnswer = z.strictObject({
  person: personPart, writes: z.boolean(),
  signIns: z.array(z.strictObject({ id: z.string(), address: z.string(), userAgent: z.string(), sinceMs: z.int(), seenMs: z.int(), current: z.boolean() })),
  passkeys: z.array(passkeyAnswer),
})

/** As browsers take it, whose fields are of that standard. */
export const optionsAnswer = z.looseObject({ challenge: z.string() })

/** What the API reference says of these routes. */
export const signInsApi = {
  'GET /api/sign-ins': { summary: 'Where one is signed in, and the passkeys that one has.', answer: signInsAnswer },
  'DELETE /api/sign-ins/:id': { summary: 'Signs out there.' },
  'DELETE /api/sign-ins': { summary: 'Signs out everywhere else; answers how many ended.', answer: z.strictObject({ ended: z.int() }) },
  'POST /api/passkeys/options': { summary: 'Options for a new passkey, for `navigator.credentials.create`; only within a day of signing in.', answer: optionsAnswer.meta({ description: '`PublicKeyCredentialCreationOptionsJSON` of Web Authentication.' }) },
  'POST /api/passkeys': { summary: 'Adds the passkey that the authenticator made. A mail says so.', body: z.object({ response: z.looseObject({}), name: z.string().min(1).max(100) }), answer: passkeyAnswer },
  'PATCH /api/passkeys/:id': { summary: 'Renames a passkey.', body: z.object({ name: z.string().min(1).max(100) }) },
  'DELETE /api/passkeys/:id': { summary: 'Removes a passkey: nobody signs in with it any more.' },
}
