import { once } from 'node:events'
import { type Clock, RateLimit } from '@rivulet/time'
import express, { type Response, Router } from 'express'
import { z } from 'zod'
import { assetParts, personPart, unitsPart } from '../answer-parts.ts'
import { type Entrance, personOf } from '../entrance.ts'
import type { Person } from '../types.ts'
import { exportOf, type PersonalData } from './export.ts'

export interface PrivacyRoutesOptions {
  readonly kinds: readonly PersonalData[]
  /** What must be said before: what she would lose. */
  readonly leftOf: (person: Person) => Promise<{ readonly budget: bigint; readonly plan: string | undefined }>
  /** Durable when it resolves; the rest follows. */
  readonly erase: (person: Person) => Promise<void>
  readonly clock: Clock
  readonly entrance: Pick<Entrance, 'requireSession' | 'requireSameOrigin' | 'prove'>
  readonly log: { error(about: object, message: string): void }
}

/** Of one person: an export reads all there is. */
const rate = { burst: 3, perSecond: 1 / 60 }
const exportsAtOnceMax = 5
const bodyBytesMax = 16_384

/** That it is she: her password, or the answer of one of her passkeys to `POST /api/auth/passkey/options`. */
export const proofSchema = z.union([z.strictObject({ password: z.string().min(1).max(128) }), z.strictObject({ passkey: z.looseObject({}) })])

/**
 * `GET /api/privacy` (`{person, budget, asset, plan}`), `GET /api/privacy/export`: all that is kept of the signed-in person as one JSON file, written as it is read; nothing is sent faster than it is taken, and one
 * that fails on its way breaks off, so that no browser takes it for whole. `POST /api/privacy/erasure` (`{password}` or `{passkey}`): 202 when it is durable that she is forgotten; `proof-wrong`, `rate-limited`.
 */
export function privacyRoutes({ kinds, leftOf, erase, clock, entrance, log }: PrivacyRoutesOptions): Router {
  const limit = new RateLimit(clock, rate)
  let running = 0
  const router = Router()
  router.get('/api/privacy', entrance.requireSession, async (_request, response) => {
    const person = personOf(response)
    const { budget, plan } = await leftOf(person)
    const { code, scale } = person.walletAddress?.asset ?? { code: 'EUR', scale: 9 }
    response.json({ person: { name: person.name, email: person.email }, budget: String(budget), assetCode: code, assetScale: scale, plan: plan ?? null })
  })
  router.get('/api/privacy/export', entrance.requireSession, async (_request, response) => {
    const person = personOf(response)
    if (running >= exportsAtOnceMax || !limit.allow(person.id)) {
      response.status(429).set('Retry-After', '60').json({ error: { code: 'rate-limited', message: 'this was asked for too often: wait a minute' } })
      return
    }
    running += 1
    try {
      await write(response, person)
    } finally {
      running -= 1
    }
  })
  const write = async (response: Response, person: Person): Promise<void> => {
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    try {
      response.set('Cache-Control', 'no-store').attachment(`rivulet-${new Date(clock.nowMs()).toISOString().slice(0, 10)}.json`).type('application/json')
      for await (const piece of exportOf(person, kinds, clock.nowMs())) {
        if (gone.signal.aborted) return
        if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal })
      }
      response.end()
    } catch (error) {
      if (!gone.signal.aborted) log.error({ person: person.id, error: String(error) }, 'an export broke off')
      response.destroy()
    }
  }
  router.post('/api/privacy/erasure', entrance.requireSameOrigin, entrance.requireSession, express.json({ limit: bodyBytesMax }), async (request, response) => {
    const proof = proofSchema.safeParse(request.body)
    if (!proof.success) {
      response.status(400).json({ error: { code: 'body-invalid', message: 'send your password, or the answer of a passkey' } })
      return
    }
    if (!(await entrance.prove(response, proof.data))) return
    await erase(personOf(response))
    response.status(202).json({ erasing: true })
  })
  return router
}

/** What the API reference says of these routes. */
export const privacyApi = {
  'GET /api/privacy': { summary: 'What is left of the budget, and the plan: what one would lose.', answer: z.strictObject({ person: personPart, budget: unitsPart, ...assetParts, plan: z.string().nullable() }) },
  'GET /api/privacy/export': { summary: 'All that is kept of the signed-in person, as one JSON file.' },
  'POST /api/privacy/erasure': { summary: 'Forgets the signed-in person. It cannot be undone.', body: proofSchema },
}
