import type { RequestHandler, Response } from 'express'
import type { Action, AuditLog } from './audit-store.ts'

/** What the request asks for, once it is known to be well formed: given to whoever does it, and written down by `recordRefusals` if it is not done. */
export function actionOf(response: Response, action: Action): Action {
  response.locals['action'] = action
  return action
}

/** Mount before the routes of operators: what they asked for and did not get is written down as refused (4xx) or failed (5xx). What was done is written where it is done. */
export function recordRefusals({ audit, nowMs, log }: { readonly audit: Pick<AuditLog, 'record'>; readonly nowMs: () => number; readonly log: { error(about: object, message: string): void } }): RequestHandler {
  return (_request, response, next) => {
    const json = response.json.bind(response)
    let code: string | undefined
    response.json = (body: unknown) => {
      code = codeIn(body)
      return json(body)
    }
    response.on('finish', () => {
      const action = response.locals['action'] as Action | undefined
      if (action === undefined || response.statusCode < 400) return
      const outcome = { result: response.statusCode < 500 ? 'refused' : 'failed', ...(code !== undefined && { code }) } as const
      audit.record(action, nowMs(), outcome).catch((error: unknown) => log.error({ action: action.name, error: String(error) }, 'a refused action of an operator was not written down'))
    })
    next()
  }
}

function codeIn(body: unknown): string | undefined {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
