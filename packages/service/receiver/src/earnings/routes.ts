import { type Entrance, personOf } from '@rivulet/accounts'
import { Router } from 'express'
import { EarningsFeed, type EarningsFeedOptions } from './earnings-feed.ts'

export interface EarningsRoutes extends AsyncDisposable {
  readonly routes: Router
}

/** `GET /api/live`: Server-Sent Events, `earnings` with the publisher's `LiveEarnings`, at once and whenever they change, and `beat` each second otherwise. Mount it behind the entrance's own handler. */
export function earningsRoutes({ entrance, ...options }: Omit<EarningsFeedOptions, 'personOf'> & { readonly entrance: Entrance }): EarningsRoutes {
  const feed = new EarningsFeed({ ...options, personOf: async (request) => (await entrance.session(request))?.id })
  const routes = Router()
  routes.get('/api/live', entrance.requireSession, (request, response) => {
    if (!feed.follow(personOf(response).id, request, response)) response.status(503).set('Retry-After', '30').json({ error: { code: 'followers-too-many', message: 'too many pages follow live: close some of them' } })
  })
  return { routes, [Symbol.asyncDispose]: () => feed[Symbol.asyncDispose]() }
}

/** What the API reference says of these routes. */
export const earningsApi = {
  'GET /api/live': { summary: 'What arrives, every second.', type: 'text/event-stream' },
}
