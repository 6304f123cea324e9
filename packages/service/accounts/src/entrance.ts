import { createHash, hkdfSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { actionOf } from '@rivulet/audit'
import { isFault } from '@rivulet/faults'
import { type Id, isId, newId, newSecret } from '@rivulet/ids'
import { type Language, languageOf, type Mails } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { APIError } from 'better-auth/api'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import express, { type NextFunction, type Request, type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { betterAuthNames, entranceAdapter } from './better-auth-store.ts'
import { Passkeys, type PasskeyView } from './passkeys.ts'
import { attemptLimit, attemptsLeft, type CurrentSession, optionsAnswer, passkeyPlugin, sessionWatch, signInsRoutes } from './sign-ins.ts'
import { SignInsStore } from './sign-ins-store.ts'
import { AccountsFault, type Person, personName, type Role } from './types.ts'

/** Cookies are named per role, since ports of one host share them. */
const cookiePrefixes: Record<Role, string> = { subscriber: 'rivulet-wallet', publisher: 'rivulet-receiver', operator: 'rivulet-operator' }
const bodyBytesMax = 16_384
const sessionSeconds = 30 * 24 * 3600
const attemptsPerMinuteMax = 10
/** In the sandbox all people share one address: demos and browser tests. */
const attemptsPerMinuteMaxSandbox = 600
const requestsPerMinuteMax = 600
const confirmSeconds = 24 * 3600
const resetSeconds = 3600
/** Whoever asks for a new password waits for the mail; an invitation comes unasked, perhaps on a Friday. It opens a role, so it does not wait for ever. */
const invitationSeconds = 7 * 24 * 3600
/** Of one kind a person is written at most one mail in so long, however often it is asked for. */
const mailEveryMs = 120_000

/** What may be sent to each path; whatever else better-auth offers does not exist here. */
const paths: Record<string, { readonly method: string; readonly body?: z.ZodType }> = {
  '/sign-up/email': {
    method: 'POST',
    body: z.object({ name: personName, email: z.email().max(254), password: z.string().min(8).max(128) }),
  },
  '/sign-in/email': { method: 'POST', body: z.object({ email: z.email().max(254), password: z.string().min(1).max(128), rememberMe: z.boolean().optional() }) },
  '/change-password': {
    method: 'POST',
    body: z.object({ currentPassword: z.string().max(128), newPassword: z.string().min(8).max(128), revokeOtherSessions: z.boolean().optional() }),
  },
  '/change-email': { method: 'POST', body: z.object({ newEmail: z.email().max(254) }) },
  '/passkey/options': { method: 'POST', body: z.object({}) },
  '/passkey/sign-in': { method: 'POST', body: z.object({ response: z.looseObject({}) }) },
  '/request-password-reset': { method: 'POST', body: z.object({ email: z.email().max(254) }) },
  '/reset-password': { method: 'POST', body: z.object({ token: z.string().min(1).max(100), newPassword: z.string().min(8).max(128) }) },
  '/verify-email': { method: 'GET' },
  '/sign-out': { method: 'POST', body: z.object({}) },
  '/get-session': { method: 'GET' },
}

const authSummaries: Readonly<Record<string, string>> = {
  '/sign-up/email': 'Makes an account. The answer is the same for an e-mail that has one.', '/sign-in/email': 'Signs in: the answer sets the session cookie.', '/change-password': 'Another password; needs the current one.',
  '/change-email': 'Another e-mail, once the link of the mail to it was opened.', '/passkey/options': 'Options for `navigator.credentials.get`.', '/passkey/sign-in': 'Signs in with the answer of a passkey.',
  '/request-password-reset': 'Mails a link to a new password, if there is such an account.', '/reset-password': 'A new password, with the token of that link.', '/verify-email': 'Confirms an address with the `token` of the mailed link.',
  '/sign-out': 'Ends the session.', '/get-session': 'Who is signed in; null for a visitor.',
}

const statusAnswer = z.strictObject({ status: z.boolean() })
const userAnswer = z.strictObject({ id: z.string(), name: z.string(), email: z.string(), emailVerified: z.boolean(), image: z.string().nullish(), readOnly: z.boolean().nullish().meta({ description: 'Of an operator who only looks.' }), createdAt: z.iso.datetime(), updatedAt: z.iso.datetime() })
/** What better-auth answers, whose own client reads it. */
const authAnswers: Readonly<Record<string, z.ZodType>> = {
  '/sign-up/email': z.strictObject({ token: z.string().nullable(), user: userAnswer }),
  '/sign-in/email': z.strictObject({ redirect: z.boolean(), token: z.string(), user: userAnswer }),
  '/change-password': z.strictObject({ token: z.string().nullable(), user: userAnswer }),
  '/change-email': statusAnswer,
  '/passkey/options': optionsAnswer.meta({ description: '`PublicKeyCredentialRequestOptionsJSON` of Web Authentication.' }),
  '/passkey/sign-in': statusAnswer,
  '/request-password-reset': z.strictObject({ status: z.boolean(), message: z.string() }),
  '/reset-password': statusAnswer,
  '/verify-email': z.strictObject({ status: z.boolean(), user: userAnswer.nullable() }),
  '/sign-out': z.strictObject({ success: z.boolean() }),
  '/get-session': z.strictObject({ session: z.strictObject({ id: z.string(), token: z.string(), userId: z.string(), expiresAt: z.iso.datetime(), createdAt: z.iso.datetime(), updatedAt: z.iso.datetime(), ipAddress: z.string().nullish(), userAgent: z.string().nullish() }), user: userAnswer }).nullable(),
}

/** One role's door: its own origin, cookies, secret and people. */
export interface Entrance {
  /**
   * Serves `/api/auth/*`: POST `sign-up/email {name, email, password}`, `sign-in/email {email, password}`, `sign-out {}`, `change-password`, `request-password-reset {email}`,
   * `reset-password {token, newPassword}`, `change-email {newEmail}` (a mail to the new address decides), `passkey/options {}`, `passkey/sign-in {response}`, GET `get-session` (null for a visitor), `verify-email?token`, `ways` (`{confirms, writes}`).
   * Signing up does not sign in and answers the same for a known e-mail. Where addresses are confirmed (`confirms`), the mail tells what to do next, and signing in before answers as a wrong
   * password does: nobody learns who has an account. Elsewhere the page signs in next, with the same e-mail and password.
   * Serves also `/api/sign-ins` and `/api/passkeys`, for who is signed in (`signInsRoutes`).
   * Mount it at the root, before any body parser: `app.use(entrance.handler)`.
   */
  readonly handler: RequestHandler
  /** The person whose session cookie the request carries, if any. Works on express requests and on WebSocket upgrades. Throws `database-unreachable`. */
  session(request: IncomingMessage): Promise<Person | undefined>
  /** Answers 401 `signed-out` without a session, and 403 `read-only` to an operator who may only look and would change something; else `personOf(response)` knows who it is. */
  readonly requireSession: RequestHandler
  /** As `requireSession`, for what also those who may only look may do: what is their own, and questions that are sent by POST. */
  readonly requireSignedIn: RequestHandler
  /** Answers 403 `origin-foreign` to what may change state (all but GET, HEAD, OPTIONS) unless `Origin` is this entrance's. */
  readonly requireSameOrigin: RequestHandler
  /**
   * Whether who is signed in has shown again that it is she, before what cannot be undone. Otherwise it has answered: 403 `proof-wrong`, or 429 after ten attempts in a quarter of an hour.
   * @param response behind `requireSession`
   */
  prove(response: Response, proof: Proof): Promise<boolean>
  /** Mails somebody who was made here a link to choose a password. Needs mails. */
  invite(email: string): Promise<void>
  /** The passkeys of one of its people. */
  passkeys(personId: Id<'pers'>): Promise<readonly PasskeyView[]>
}

/** Her password, or what an authenticator answered to the options of `passkey/options`. */
type Proof = { readonly password: string } | { readonly passkey: unknown }

/** Who `requireSession` let in. */
export function personOf(response: Response): Person {
  return response.locals['person'] as Person
}

/** Since when the session holds through which `requireSession` let somebody in, ms since 1970. */
export function signedInSinceMs(response: Response): number {
  return (response.locals['session'] as CurrentSession).sinceMs
}

export interface EntranceOptions {
  readonly role: Role
  readonly publicUrl: string
  readonly postgres: Postgres
  readonly clock: Clock
  readonly secret: Buffer
  readonly sandbox: boolean
  /** Called before each session begins: completes what a crash cut short. */
  readonly onSignIn: (personId: string, language: Language) => Promise<void>
  /** Called when a password was set by a link that had been mailed. */
  readonly onReset: (personId: Id<'pers'>) => Promise<void>
  readonly mails: Pick<Mails, 'post'> | undefined
  /** Needs `mails`. */
  readonly confirmAddresses: boolean
  readonly personById: (personId: string) => Promise<Person | undefined>
}

export async function openEntrance(options: EntranceOptions): Promise<Entrance> {
  const { role, clock, personById } = options
  const { origin, protocol } = new URL(options.publicUrl)
  const mailed = options.mails === undefined ? undefined : mailedFlows(options, options.mails, { origin, lastUntil: async (token, expiresAt) => void (await (await auth.$context).internalAdapter.updateVerificationByIdentifier(`reset-password:${token}`, { expiresAt })) })
  const store = new SignInsStore(options.postgres)
  const passkeys = new Passkeys({
    role, origin, store, clock,
    challenges: async () => {
      const { internalAdapter } = await auth.$context
      return {
        keep: async (challenge, value, expiresAt) => void (await internalAdapter.createVerificationValue({ identifier: `passkey/${role}/${challenge}`, value, expiresAt })),
        take: async (challenge) => (await internalAdapter.consumeVerificationValue(`passkey/${role}/${challenge}`))?.value,
      }
    },
  })
  const settings = {
    plugins: [passkeyPlugin(passkeys)],
    baseURL: origin,
    basePath: '/api/auth',
    secret: Buffer.from(hkdfSync('sha256', options.secret, '', `rivulet session ${role}`, 32)).toString('base64url'),
    trustedOrigins: [origin],
    telemetry: { enabled: false },
    logger: { disabled: true },
    // What is no refusal goes on to the server's own error handler and log.
    onAPIError: { throw: true },
    emailAndPassword: { enabled: true, disableSignUp: role === 'operator', autoSignIn: false, minPasswordLength: 8, maxPasswordLength: 128, revokeSessionsOnPasswordReset: true, requireEmailVerification: options.confirmAddresses, ...mailed?.emailAndPassword },
    ...(mailed !== undefined && { emailVerification: mailed.emailVerification }),
    user: { ...betterAuthNames.user, changeEmail: { enabled: mailed !== undefined }, additionalFields: { role: { type: 'string', input: false, returned: false, required: true, defaultValue: role }, readOnly: { type: 'boolean', fieldName: 'read_only', input: false, required: false, defaultValue: false } } },
    session: { ...betterAuthNames.session, expiresIn: sessionSeconds, updateAge: 24 * 3600 },
    account: betterAuthNames.account,
    verification: { ...betterAuthNames.verification, storeIdentifier: 'hashed' },
    rateLimit: {
      ...betterAuthNames.rateLimit,
      enabled: true,
      storage: 'database',
      window: 60,
      max: requestsPerMinuteMax,
      customRules: Object.fromEntries(
        ['/sign-in/email', '/sign-up/email', '/passkey/sign-in', '/change-password', '/change-email', '/request-password-reset', '/reset-password', '/verify-email'].map((path) => [path, { window: 60, max: options.sandbox ? attemptsPerMinuteMaxSandbox : attemptsPerMinuteMax }]),
      ),
    },
    advanced: {
      cookiePrefix: cookiePrefixes[role],
      useSecureCookies: protocol === 'https:',
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: ['x-rivulet-client-address'] },
      disableOriginCheck: false,
      database: { generateId: ({ model }) => (model === 'user' ? newId('pers', clock.nowMs()) : model === 'session' ? newId('sess', clock.nowMs()) : newSecret(16)) },
    },
    databaseHooks: { session: { create: { before: (session, context) => options.onSignIn(session.userId, languageOf(context?.headers?.get('accept-language'))).catch(sayFrozen) } } },
  } satisfies BetterAuthOptions
  const adapter = await entranceAdapter(options.postgres, role, settings)
  const auth = betterAuth({ ...settings, database: () => adapter })
  const context = await auth.$context

  const watch = sessionWatch(store, clock)
  const current = async (request: IncomingMessage): Promise<{ readonly person: Person; readonly session: CurrentSession } | undefined> => {
    const found = await auth.api.getSession({ headers: fromNodeHeaders(request.headers), query: { disableRefresh: true } }).catch(async (error: unknown) => {
      // better-auth hides what went wrong: the database says for itself whether it is away.
      await options.postgres.ping()
      throw error
    })
    const person = found === null ? undefined : await personById(found.user.id)
    if (found === null || person?.role !== role || person.frozen !== undefined) return undefined
    watch(found.session.id)
    return { person, session: { id: found.session.id, sinceMs: found.session.createdAt.getTime() } }
  }
  const requireSignedIn = async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const found = await current(request)
    if (found === undefined) return refuse(response, 401, 'signed-out', 'sign in first')
    response.locals['person'] = found.person
    response.locals['session'] = found.session
    next()
  }
  const requireSession = (request: Request, response: Response, next: NextFunction): Promise<void> =>
    requireSignedIn(request, response, () => {
      const { id, readOnly } = personOf(response)
      if (readOnly !== true || isSafe(request)) return next()
      // What was asked for, and not done, stands in the audit log.
      actionOf(response, { operator: id, name: 'request.change', subject: `${request.method} ${request.originalUrl.split('?')[0] ?? ''}` })
      refuse(response, 403, 'read-only', 'your role sees everything and changes nothing: ask another operator to do this, or to change your role')
    })
  const requireSameOrigin: RequestHandler = (request, response, next) => {
    if (isSafe(request) || request.headers.origin === origin) next()
    else refuse(response, 403, 'origin-foreign', `a request that changes something must come from ${origin}`)
  }
  const serve = toNodeHandler(async (request) => hideUnconfirmed(await auth.handler(request)))
  const handler = Router()
  handler.get('/api/auth/ways', (_request, response) => void response.json({ confirms: options.confirmAddresses, writes: mailed !== undefined, sandbox: options.sandbox }))
  handler.use('/api/auth', requireSameOrigin, express.json({ limit: bodyBytesMax }), checkRequest, attemptLimit({ store, clock, role, sandbox: options.sandbox }), async (request, response) => {
    request.headers['x-rivulet-client-address'] = request.ip
    await serve(request, response)
  })
  handler.use(signInsRoutes({ store, passkeys, clock, requireSession: requireSignedIn, requireSameOrigin, writes: mailed !== undefined, tellOfPasskey: async ({ email, language }, passkeyId) => options.mails?.post({ key: `passkey/${passkeyId}`, to: email, language, template: 'passkey-added', fields: { url: `${origin}/security` } }) }))
  const proven = async ({ id }: Person, proof: Proof): Promise<boolean> => {
    if ('passkey' in proof) return (await passkeys.authenticate(proof.passkey).catch(passkeyRefused)) === id
    const hash = (await context.internalAdapter.findAccounts(id)).find(({ providerId }) => providerId === 'credential')?.password
    return typeof hash === 'string' && context.password.verify({ hash, password: proof.password })
  }
  const prove = async (response: Response, proof: Proof): Promise<boolean> => {
    const person = personOf(response)
    const attempt = await attemptsLeft({ store, clock, sandbox: options.sandbox }, `prove/${person.id}`)
    if (!attempt.allowed) {
      refuse(response.set('retry-after', attempt.retryAfterS), 429, 'rate-limited', 'too many attempts: wait a quarter of an hour')
      return false
    }
    if (!(await proven(person, proof))) {
      refuse(response, 403, 'proof-wrong', 'this is not your password, or not your passkey')
      return false
    }
    await attempt.forget()
    return true
  }
  const session = async (request: IncomingMessage): Promise<Person | undefined> => (await current(request))?.person
  const invite = async (email: string): Promise<void> => void (await auth.api.requestPasswordReset({ body: { email } }))
  return { handler, session, requireSession, requireSignedIn, requireSameOrigin, prove, invite, passkeys: (personId) => passkeys.list(personId) }
}

/** Whether the request changes nothing, as HTTP means its method (RFC 9110, 9.2.1). */
function isSafe({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

/** What better-auth is given to have mails written. The links carry their tokens in the fragment: no server's log and no other site learns them. */
function mailedFlows({ clock, confirmAddresses, onReset, personById }: EntranceOptions, mails: Pick<Mails, 'post'>, { origin, lastUntil }: { readonly origin: string; readonly lastUntil: (token: string, expiresAt: Date) => Promise<void> }) {
  const addressed = (kind: string, { id, email }: { readonly id: string; readonly email: string }, request: globalThis.Request | undefined) => ({
    key: `${kind}/${id}/${Math.floor(clock.nowMs() / mailEveryMs)}`,
    to: email,
    language: languageOf(request?.headers.get('accept-language')),
  })
  return {
    emailAndPassword: {
      resetPasswordTokenExpiresIn: resetSeconds,
      // What nobody asked for by a request is an invitation.
      sendResetPassword: async ({ user, token }, request) => {
        const fields = { url: `${origin}/reset#${token}` }
        if (request !== undefined) await mails.post({ ...addressed('reset', user, request), template: 'reset-password', fields })
        else {
          await lastUntil(token, new Date(clock.nowMs() + invitationSeconds * 1_000))
          await mails.post({ ...addressed('invite', user, undefined), language: (await personById(user.id))?.language ?? 'en', template: 'operator-invited', fields })
        }
      },
      onPasswordReset: async ({ user }) => (isId('pers', user.id) ? onReset(user.id) : undefined),
      onExistingUserSignUp: ({ user }, request) => mails.post({ ...addressed('exists', user, request), template: 'account-exists', fields: { url: `${origin}/forgotten` } }),
    },
    emailVerification: {
      sendOnSignUp: true,
      sendOnSignIn: confirmAddresses,
      expiresIn: confirmSeconds,
      sendVerificationEmail: ({ user, token }, request) => mails.post({ ...addressed(`confirm/${digestOf(user.email)}`, user, request), template: 'confirm-address', fields: { url: `${origin}/confirm#${token}` } }),
    },
  } satisfies { emailAndPassword: Omit<NonNullable<BetterAuthOptions['emailAndPassword']>, 'enabled'>; emailVerification: BetterAuthOptions['emailVerification'] }
}

/** In the key of a mail: a changed address is confirmed although the first was just a moment ago. */
function digestOf(email: string): string {
  return createHash('sha256').update(email).digest('base64url').slice(0, 16)
}

/** An address that waits for its confirmation answers as a wrong password does: else signing up and then in would tell who has an account. */
async function hideUnconfirmed(answer: globalThis.Response): Promise<globalThis.Response> {
  if (answer.status !== 403 || !(await answer.clone().text()).includes('"EMAIL_NOT_VERIFIED"')) return answer
  return new globalThis.Response(JSON.stringify({ message: 'Invalid email or password', code: 'INVALID_EMAIL_OR_PASSWORD' }), { status: 401, headers: answer.headers })
}

/** Only whoever gave the right password gets here: the reason tells nobody else who has an account. */
function sayFrozen(error: unknown): never {
  if (!isFault(error, 'person-frozen')) throw error
  throw new APIError('FORBIDDEN', { code: 'PERSON_FROZEN', message: error.message })
}

function passkeyRefused(error: unknown): undefined {
  if (!(error instanceof AccountsFault)) throw error
}

function checkRequest(request: Request, response: Response, next: NextFunction): void {
  const path = Object.hasOwn(paths, request.path) ? paths[request.path] : undefined
  if (path === undefined) return refuse(response, 404, 'not-found', `no such path: ${request.path}`)
  if (path.method !== request.method) return refuse(response, 405, 'method-wrong', `use ${path.method}`)
  if (path.body !== undefined) {
    const parsed = path.body.safeParse(request.body ?? {})
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      return refuse(response, 400, 'body-invalid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
    }
    request.body = parsed.data
  }
  next()
}

function refuse(response: Response, status: number, code: string, message: string): void {
  // Both forms: the house's, and that of better-auth's own client.
  response.status(status).json({ error: { code, message }, code, message })
}

/** What the API reference says of these routes. */
export const authApi = {
  'GET /api/auth/ways': { summary: 'Whether addresses are confirmed here, whether mails are written, and whether this is a sandbox, which shows them instead of sending.', open: true, answer: z.strictObject({ confirms: z.boolean(), writes: z.boolean(), sandbox: z.boolean() }) },
  ...Object.fromEntries(Object.entries(paths).map(([path, { method, body }]) => [`${method} /api/auth${path}`, { summary: authSummaries[path] ?? '', open: true, ...(body !== undefined && { body }), answer: authAnswers[path] ?? z.null() }] as const)),
}
