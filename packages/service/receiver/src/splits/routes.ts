import { answerRefusals, assetParts, type Entrance, personOf, personPart, unitsPart } from '@rivulet/accounts'
import express, { Router } from 'express'
import { z } from 'zod'
import { SplitFault, type SplitFaultCode } from './split.ts'
import { partsSchema, type ShareElsewhere, type SharedAddress, type Splits } from './splits.ts'

const bodyBytesMax = 65_536
const statuses: Record<SplitFaultCode, number> = { 'split-invalid': 400, 'split-pointer-unknown': 400, 'split-asset-differs': 400, 'split-circular': 409, 'split-waiting': 409, 'split-unknown': 404 }
const change = z.strictObject({ parts: z.unknown() })

/** `GET /api/splits`: all payment pointers with how they are shared; `PUT /api/splits/:walletAddressId {parts: [{pointer, weight}]}`, no parts to share no more. Mount it behind the entrance's own handler. */
export function splitRoutes({ splits, entrance }: { readonly splits: Splits; readonly entrance: Entrance }): Router {
  const router = Router()
  router.use('/api/splits', entrance.requireSameOrigin, entrance.requireSession, express.json({ limit: bodyBytesMax }), (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/splits', async (_request, response) => {
    const { id, name, email } = personOf(response)
    response.json({ person: { name, email }, pointers: (await splits.list(id)).map(sharedJson) })
  })
  router.put('/api/splits/:id', async (request, response) => {
    const parsed = change.safeParse(request.body)
    if (!parsed.success) throw new SplitFault('split-invalid', 'send {"parts": [{"pointer", "weight"}]}')
    await splits.change(personOf(response).id, request.params.id, parsed.data.parts)
    response.status(204).end()
  })
  router.use('/api/splits', answerRefusals(statuses))
  return router
}

function sharedJson({ address, since }: SharedAddress): object {
  const { id, url, path, publicName, asset, main } = address
  return {
    id, url, path, publicName, main, assetCode: asset.code, assetScale: asset.scale,
    split: since === undefined ? null : { startedAtMs: since.startedAtMs, parts: since.parts.map(({ amount, elsewhere, ...part }) => ({ ...part, amount: String(amount), elsewhere: elsewhereJson(elsewhere) })) },
  }
}

function elsewhereJson(state: ShareElsewhere | undefined): object | null {
  if (state === undefined) return null
  const { waiting, awaitingApproval, underWay, sent, refused, givenUpMs } = state
  return { waiting: String(waiting), awaitingApproval: String(awaitingApproval), underWay: String(underWay), sent: String(sent), refused: refused === undefined ? null : { atMs: refused.atMs, reason: refused.reason ?? null }, givenUpMs: givenUpMs ?? null }
}

const elsewhereAnswer = z.strictObject({ waiting: unitsPart, awaitingApproval: unitsPart, underWay: unitsPart, sent: unitsPart, refused: z.strictObject({ atMs: z.int(), reason: z.string().nullable() }).nullable(), givenUpMs: z.int().nullable() })
const splitsAnswer = z.strictObject({
  person: personPart,
  pointers: z.array(z.strictObject({
    id: z.string(), url: z.string(), path: z.string(), publicName: z.string(), main: z.boolean(), ...assetParts,
    split: z.strictObject({ startedAtMs: z.int(), parts: z.array(z.strictObject({ pointer: z.string(), weight: z.int(), amount: unitsPart, elsewhere: elsewhereAnswer.nullable() })) }).nullable(),
  })),
})

/** What the API reference says of these routes. */
export const splitApi = {
  'GET /api/splits': { summary: 'All payment pointers, with how they are shared.', answer: splitsAnswer },
  'PUT /api/splits/:id': { summary: 'Shares an income by weight from now on; no parts: no more.', body: z.strictObject({ parts: partsSchema }) },
}
