import { isFault } from '@rivulet/faults'
import type { ErrorRequestHandler } from 'express'

/** Answers refusals with these codes as `{error: {code, message}}`, with these statuses. Everything else is for whoever comes next. */
export function answerRefusals(statuses: Readonly<Record<string, number>>): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (isFault(error) && !response.headersSent && Object.hasOwn(statuses, error.code)) response.status(statuses[error.code] ?? 500).json({ error: { code: error.code, message: error.message } })
    else next(error)
  }
}
