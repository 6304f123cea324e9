/** What every door of a role has in front: the files of its entrance, health, and an answer to everything else. */
import { join } from 'node:path'
import { type DashboardFiles, dashboardFiles } from '@rivulet/dashboard'
import { messageOf } from '@rivulet/faults'
import { isDatabaseAway } from '@rivulet/postgres'
import express, { type ErrorRequestHandler, type Express, type Router } from 'express'
import type { Logger } from 'pino'

export interface Front {
  readonly entrance: keyof DashboardFiles['entrances']
  readonly log: Logger
  /** Our own proxies in front, whose X-Forwarded-For is believed. */
  readonly proxyHops: number
  /** Throws while the role cannot do its work. */
  readonly ready: () => Promise<void>
}

const yearSeconds = 31_536_000

/** An application with `/healthz`, `/readyz` and the entrance's files; `routes` come before the files, an error handler last. */
export function frontOf({ entrance, log, proxyHops, ready }: Front, routes: readonly (Router | express.RequestHandler)[]): Express {
  const app = bare()
  app.set('trust proxy', proxyHops)
  app.get('/healthz', (_request, response) => void response.json({ ok: true }))
  app.get('/readyz', async (_request, response) => {
    try {
      await ready()
      response.json({ ok: true })
    } catch (error) {
      response.status(503).json({ ok: false, error: { code: 'not-ready', message: messageOf(error) } })
    }
  })
  for (const route of routes) app.use(route)
  const { html, paths } = dashboardFiles.entrances[entrance]
  for (const path of paths) app.get(path, (_request, response) => response.set(dashboardFiles.headers).sendFile(html, { root: dashboardFiles.folder }))
  app.use(`/${dashboardFiles.assets}`, express.static(join(dashboardFiles.folder, dashboardFiles.assets), { immutable: true, maxAge: yearSeconds * 1_000, index: false, fallthrough: false }))
  return answeringAll(app, log)
}

/** What the door for commands of this machine has: its routes, and an answer to everything else. */
export function controlFrontOf(log: Logger, routes: Router): Express {
  return answeringAll(bare().use(routes), log)
}

function bare(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  return app
}

function answeringAll(app: Express, log: Logger): Express {
  app.use((_request, response) => void response.status(404).json({ error: { code: 'not-found', message: 'there is nothing at this address' } }))
  app.use(answerErrors(log))
  return app
}

function answerErrors(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error)
      return
    }
    if (isDatabaseAway(error)) {
      response.status(503).json({ error: { code: 'database-unavailable', message: 'the database is away: try again in a moment' } })
      return
    }
    const status = statusOf(error)
    if (status === 500) log.error({ path: request.path, error: error instanceof Error ? error.stack : String(error) }, 'a request failed')
    response.status(status).json({ error: { code: status === 404 ? 'not-found' : status < 500 ? 'request-invalid' : 'internal', message: status < 500 ? messageOf(error) : 'something failed here; it is in the log' } })
  }
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : 500
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500
}
