import { type Accounts, type Entrance, personOf } from '@rivulet/accounts'
import { type Clock, RateLimit } from '@rivulet/time'
import express, { Router } from 'express'
import { z } from 'zod'
import { type TagTestParts, testTags } from './tag-test.ts'

export interface TagTestRoutesOptions extends TagTestParts {
  readonly accounts: Pick<Accounts, 'walletAddresses'>
  readonly clock: Clock
  readonly entrance: Entrance
}

const bodyBytesMax = 8_192
/** Of one publisher: each asks a server that she names. */
const rate = { burst: 10, perSecond: 0.2 }
const tagTestBody = z.strictObject({ page: z.string().min(1).max(2_000) })

/** `POST /api/tag-test {page}`: fetches the page as a stranger would, and says what is wrong with its tags. Mount it behind the entrance's own handler. */
export function tagTestRoutes({ accounts, clock, entrance, ...parts }: TagTestRoutesOptions): Router {
  const limit = new RateLimit(clock, rate)
  const router = Router()
  router.post('/api/tag-test', entrance.requireSameOrigin, entrance.requireSession, express.json({ limit: bodyBytesMax }), async (request, response) => {
    const parsed = tagTestBody.safeParse(request.body)
    if (!parsed.success) {
      response.status(400).json({ error: { code: 'page-invalid', message: 'send {"page": the address of a page, of at most 2,000 characters}' } })
      return
    }
    const { id } = personOf(response)
    if (!limit.allow(id)) {
      response.status(429).set('Retry-After', '5').json({ error: { code: 'too-many-requests', message: 'too many tests at once: wait a little' } })
      return
    }
    const own = (await accounts.walletAddresses(id)).map(({ url }) => url)
    response.set('Cache-Control', 'no-store').json(await testTags(parsed.data.page, own, parts))
  })
  return router
}

/** What the API reference says of these routes. */
export const tagTestApi = {
  'POST /api/tag-test': { summary: 'Fetches a page as a stranger would, and says what is wrong with its tags.', body: tagTestBody },
}
