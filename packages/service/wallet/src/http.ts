import { messageOf } from '@rivulet/faults'
import { isDatabaseAway } from '@rivulet/postgres'
import type { RateLimit } from '@rivulet/time'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { z } from 'zod'
import { clientAddressOf } from './client-address.ts'
import { WalletFault, type WalletFaultCode } from './connection.ts'
import type { Log } from './paid-stream.ts'

const statuses: Record<WalletFaultCode, number> = {
  'request-invalid': 400,
  'origin-foreign': 403,
  'site-invalid': 400,
  'too-many-requests': 429,
  'challenge-unknown': 404,
  'challenge-expired': 410,
  'challenge-used': 409,
  'code-unknown': 404,
  'code-used': 409,
  'code-expired': 410,
  'site-mismatch': 403,
  'verifier-missing': 403,
  'verifier-mismatch': 403,
  'connections-too-many': 409,
  'connection-unknown': 404,
  'rate-out-of-range': 400,
  'person-unknown': 404,
  'token-invalid': 401,
  'wallet-stopping': 503,
  'person-frozen': 403,
  'streams-stopped': 409,
}

/** The body, or parameters, as `schema` has them. Throws `request-invalid`, naming the first field that is wrong. */
export function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue === undefined || issue.path.length === 0 ? 'the request' : issue.path.join('.')
  throw new WalletFault('request-invalid', `${where}: ${issue?.message ?? 'invalid'}`)
}

/** Lets pass only what comes from a page of this origin: browsers always say so when a request may change something. */
export function requireOrigin(origin: string): RequestHandler {
  return (request, _response, next) => {
    if (request.headers.origin !== origin) throw new WalletFault('origin-foreign', `this may only be asked from ${origin}`)
    next()
  }
}

export function limitRate(limit: RateLimit, proxyHops: number): RequestHandler {
  return (request, response, next) => {
    if (!limit.allow(clientAddressOf(request, proxyHops))) {
      response.setHeader('Retry-After', '10')
      throw new WalletFault('too-many-requests', 'too many requests from this address: wait a little')
    }
    next()
  }
}

/** Every refusal as JSON `{error: {code, message}}` with a fitting status. Nothing unforeseen leaks out. */
export function answerFaults(log: Log): (error: unknown, request: Request, response: Response, next: NextFunction) => void {
  return (error, request, response, next) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const { status, code, message } = answerOf(error)
    if (status >= 500) log.error({ path: request.path, error: messageOf(error) }, 'a request failed')
    response.status(status).json({ error: { code, message } })
  }
}

function answerOf(error: unknown): { readonly status: number; readonly code: string; readonly message: string } {
  if (error instanceof WalletFault) return { status: statuses[error.code], code: error.code, message: error.message }
  if (isDatabaseAway(error)) return { status: 503, code: 'database-unavailable', message: 'the database is away: try again in a moment' }
  // express.json throws errors with a status of its own: too large, no JSON, wrong charset.
  const status = error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500
  if (status >= 400 && status < 500) return { status, code: status === 413 ? 'request-too-large' : 'request-invalid', message: messageOf(error) }
  return { status: 500, code: 'internal', message: 'the wallet has a problem of its own: nothing was changed' }
}
