import { answerRefusals, assetParts, type Entrance, personOf, personPart, unitsPart } from '@rivulet/accounts'
import { isFault } from '@rivulet/faults'
import { amountMax } from '@rivulet/money'
import { type Clock, RateLimit } from '@rivulet/time'
import { parsePointer } from '@rivulet/web-monetization'
import express, { Router } from 'express'
import { z } from 'zod'
import { TipFault, type TipFaultCode, type TipState } from './tip.ts'
import type { Tips } from './tips.ts'

export interface TipRoutesOptions {
  readonly tips: Tips
  readonly entrance: Entrance
  readonly clock: Clock
  /** Accept pointers with http, ports and loopback hosts; only for the sandbox. */
  readonly allowLocal: boolean
}

const bodyBytesMax = 8_192
/** Of one person. */
const rate = { burst: 10, perSecond: 0.2 }
const statuses: Record<TipFaultCode, number> = {
  'tip-invalid': 400, 'tip-receiver-invalid': 400, 'tip-amount-too-small': 400, 'tip-unknown': 404, 'key-reused': 409, 'tip-funds-insufficient': 409, 'tip-limit-reached': 409, 'tip-unavailable': 503, 'tip-payments-stopped': 503, 'too-many-requests': 429,
}
const newTip = z.strictObject({ to: z.string().min(1).max(2_000), amount: z.string().regex(/^[1-9][0-9]{0,18}$/).transform(BigInt).refine((units) => units <= amountMax), key: z.string().regex(/^[\w-]{8,100}$/) })

/** `POST /api/tips {to, amount, key}` (units of her wallet, fee included; the same key is the same tip), `GET /api/tips`, `GET /api/tips/:id`. Mount it behind the entrance's own handler. */
export function tipRoutes({ tips, entrance, clock, allowLocal }: TipRoutesOptions): Router {
  const limit = new RateLimit(clock, rate)
  const router = Router()
  router.use('/api/tips', entrance.requireSameOrigin, entrance.requireSession, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.post('/api/tips', async (request, response) => {
    const { id, walletAddress } = personOf(response)
    const parsed = newTip.safeParse(request.body)
    if (!parsed.success || walletAddress === undefined) throw new TipFault('tip-invalid', 'send {"to": payment pointer, "amount": units as a string, "key": 8 to 100 letters, digits and hyphens of your choice}')
    if (!limit.allow(id)) throw new TipFault('too-many-requests', 'too many tips at once: wait a little')
    const { to, amount, key } = parsed.data
    const state = await tips.give({ personId: id, walletAddress, key, pointer: pointerOf(to, allowLocal), amount })
    response.status(state.state === 'pending' ? 202 : 200).json(tipJson(state, walletAddress.asset))
  })
  router.get('/api/tips', async (_request, response) => {
    const { id, name, email, walletAddress } = personOf(response)
    if (walletAddress === undefined) throw new TipFault('tip-invalid', 'sign in again to complete this account')
    const { asset } = walletAddress
    response.json({ person: { name, email }, assetCode: asset.code, assetScale: asset.scale, tips: (await tips.list(id)).map((state) => tipJson(state, asset)) })
  })
  router.get('/api/tips/:id', async (request, response) => {
    const { id, walletAddress } = personOf(response)
    const state = await tips.get(id, request.params.id)
    if (walletAddress === undefined) throw new TipFault('tip-unknown', 'you gave no such tip')
    response.json(tipJson(state, walletAddress.asset))
  })
  router.use('/api/tips', answerRefusals(statuses))
  return router
}

function pointerOf(text: string, allowLocal: boolean): string {
  try {
    return parsePointer(text, { allowLocal }).href
  } catch (error) {
    if (!isFault(error)) throw error
    throw new TipFault('tip-receiver-invalid', error.message, { cause: error })
  }
}

function tipJson({ tip, state, taken, fee, delivered, why }: TipState, asset: { readonly code: string; readonly scale: number }): object {
  return {
    id: tip.id, to: tip.pointer, amount: String(tip.amount), state, takenAmount: String(taken), feeAmount: String(fee), deliveredAmount: delivered === undefined ? null : String(delivered), why: why ?? null, createdAtMs: tip.createdMs,
    assetCode: asset.code, assetScale: asset.scale,
  }
}

const tipAnswer = z.strictObject({
  id: z.string(), to: z.string(), amount: unitsPart, state: z.enum(['pending', 'completed', 'failed']), takenAmount: unitsPart, feeAmount: unitsPart, deliveredAmount: unitsPart.nullable(), why: z.string().nullable(), createdAtMs: z.int(), ...assetParts,
})

/** What the API reference says of these routes. */
export const tipApi = {
  'POST /api/tips': { summary: 'Pays once, to any payment pointer. The same key is the same tip.', body: newTip, answer: tipAnswer },
  'GET /api/tips': { summary: 'Tips, the newest first, with what has arrived.', answer: z.strictObject({ person: personPart, ...assetParts, tips: z.array(tipAnswer) }) },
  'GET /api/tips/:id': { summary: 'One of them.', answer: tipAnswer },
}
