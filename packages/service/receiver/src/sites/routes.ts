import { answerRefusals, type Entrance, personOf, personPart } from '@rivulet/accounts'
import express, { Router } from 'express'
import { z } from 'zod'
import { instructionsOf } from './proof.ts'
import { type Site, SiteFault, type SiteFaultCode } from './site.ts'
import type { Sites } from './sites.ts'

const bodyBytesMax = 4_096
const statuses: Record<SiteFaultCode, number> = { 'site-invalid': 400, 'site-known': 409, 'site-unknown': 404, 'sites-too-many': 409, 'check-too-soon': 429 }
const newSite = z.strictObject({ site: z.string().min(1).max(2_000) })

/** `GET /api/sites`, `POST /api/sites {site}`, `POST /api/sites/:id/check`, `DELETE /api/sites/:id`. Everyone sees only her own. Mount it behind the entrance's own handler. */
export function siteRoutes({ sites, entrance }: { readonly sites: Sites; readonly entrance: Entrance }): Router {
  const router = Router()
  router.use('/api/sites', entrance.requireSameOrigin, entrance.requireSession, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/sites', async (_request, response) => {
    const { id, name, email } = personOf(response)
    response.json({ person: { name, email }, sites: (await sites.list(id)).map(siteJson) })
  })
  router.post('/api/sites', async (request, response) => {
    const parsed = newSite.safeParse(request.body)
    if (!parsed.success) throw new SiteFault('site-invalid', 'write the name of the site, such as example.org, as {"site"}')
    response.status(201).json(siteJson(await sites.add(personOf(response).id, parsed.data.site)))
  })
  router.post('/api/sites/:id/check', async (request, response) => void response.json(siteJson(await sites.check(personOf(response).id, request.params.id))))
  router.delete('/api/sites/:id', async (request, response) => {
    await sites.remove(personOf(response).id, request.params.id)
    response.status(204).end()
  })
  router.use('/api/sites', answerRefusals(statuses))
  return router
}

function siteJson(site: Site): object {
  const { id, origin, state, method, provenSinceMs, foundAtMs, lostAtMs, checkedAtMs, findings, createdAtMs } = site
  const { record, file } = instructionsOf(site)
  return {
    id, origin, state, method: method ?? null, provenSinceMs: provenSinceMs ?? null, foundAtMs: foundAtMs ?? null, lostAtMs: lostAtMs ?? null, checkedAtMs: checkedAtMs ?? null, findings: findings ?? null, createdAtMs,
    record: record ?? null, file,
  }
}

const msOrNull = z.int().nullable()
const proofText = z.strictObject({ name: z.string(), text: z.string() })
const siteAnswer = z.strictObject({
  id: z.string(), origin: z.string(), state: z.enum(['unproven', 'proven', 'lost']), method: z.enum(['dns', 'file']).nullable(), provenSinceMs: msOrNull, foundAtMs: msOrNull, lostAtMs: msOrNull, checkedAtMs: msOrNull,
  findings: z.strictObject({ dns: z.string(), file: z.string() }).nullable(), createdAtMs: z.int(), record: proofText.nullable(), file: z.strictObject({ url: z.string(), text: z.string() }),
})

/** What the API reference says of these routes. */
export const siteApi = {
  'GET /api/sites': { summary: 'The sites of the publisher, and what is known of their proofs.', answer: z.strictObject({ person: personPart, sites: z.array(siteAnswer) }) },
  'POST /api/sites': { summary: 'Adds one; answers what proves it.', body: newSite, answer: siteAnswer },
  'POST /api/sites/:id/check': { summary: 'Looks for the proof now.', answer: siteAnswer },
  'DELETE /api/sites/:id': { summary: 'Removes it.' },
}
