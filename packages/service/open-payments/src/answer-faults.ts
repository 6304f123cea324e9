import { messageOf } from '@rivulet/faults'
import { isDatabaseAway } from '@rivulet/postgres'
import type { ErrorRequestHandler, Request } from 'express'

export interface FaultLog {
  error(fields: object, message: string): void
}

/** What a request is answered with instead of what it asked for. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly description: string
  readonly details?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Every refusal as `{error: {code, description, details?}}`; nothing unforeseen leaks out.
 * @param refusalOf what the routes before it throw on purpose
 * @param codeOf the code for what the parser, the router and the database throw
 */
export function answerFaults(log: FaultLog, refusalOf: (error: unknown) => Refusal | undefined, codeOf: (status: number) => string): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    const { status, code, description, details } = refusalOf(error) ?? unforeseen(error, codeOf)
    if (status >= 500) log.error({ path: routeOf(request), error: messageOf(error) }, 'a request failed')
    response.status(status).json({ error: { code, description, ...(details !== undefined && { details }) } })
  }
}

/** The route that a request took, as it is written here: what stands in its place may be a secret, and does not belong into a log. */
export function routeOf({ method, route }: Request): string {
  const taken = route as { readonly path?: unknown } | undefined
  return `${method} ${String(taken?.path)}`
}

/** What the parser, the router and the database throw. */
export function unforeseen(error: unknown, codeOf: (status: number) => string): Refusal {
  // Body parsers and the router say with a status what the client did wrong.
  const status = error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500
  if (status === 413) return { status, code: codeOf(status), description: 'the body is too large' }
  if (status >= 400 && status < 500) return { status, code: codeOf(status), description: 'the request is malformed' }
  const away = isDatabaseAway(error)
  return { status: away ? 503 : 500, code: codeOf(away ? 503 : 500), description: 'something failed here; try again in a moment' }
}
