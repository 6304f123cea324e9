import { type RequestHandler, Router } from 'express'
import type { Mails } from './mails.ts'

export interface MailboxRoutesOptions {
  readonly mails: Mails
  /** Of the operator's entrance: mails hold links that open accounts. */
  readonly requireSession: RequestHandler
}

/** Only for the sandbox: `GET /api/mailbox` lists what was sent, newest first, `GET /api/mailbox/:id` is one of them as its reader sees it. */
export function mailboxRoutes({ mails, requireSession }: MailboxRoutesOptions): Router {
  const router = Router()
  router.use('/api/mailbox', requireSession, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/mailbox', async (_request, response) => {
    const kept = await mails.mailbox()
    response.json({ mails: kept.map(({ id, to, subject, text, template, createdAtMs }) => ({ id, to, subject, text, template, createdAtMs })) })
  })
  router.get('/api/mailbox/:id', async (request, response) => {
    const mail = (await mails.mailbox()).find(({ id }) => id === request.params.id)
    if (mail === undefined) return void response.status(404).json({ error: { code: 'mail-unknown', message: 'there is no such mail' } })
    // Its styles are inline, as mail readers need them; it can do nothing but lead elsewhere.
    response.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'").type('html').send(mail.html)
  })
  return router
}

/** What the API reference says of these routes. */
export const mailboxApi = {
  'GET /api/mailbox': { summary: 'Sandbox only: the mails that were sent, the newest first.' },
  'GET /api/mailbox/:id': { summary: 'One of them, as HTML.', type: 'text/html' },
}
