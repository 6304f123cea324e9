import * as z from 'zod/mini'
import { anyAnswer, callApi } from '../../api.ts'
import { personSchema } from '../../session/session.ts'

const units = z.pipe(z.string().check(z.regex(/^[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text)))

/** What became of a share for another provider. */
const elsewhereSchema = z.object({ waiting: units, awaitingApproval: units, underWay: units, sent: units, refused: z.nullable(z.object({ atMs: z.number(), reason: z.nullable(z.string()) })), givenUpMs: z.nullable(z.number()) })
export type Elsewhere = z.infer<typeof elsewhereSchema>

const pointerSchema = z.object({
  id: z.string(),
  url: z.string(),
  path: z.string(),
  publicName: z.string(),
  main: z.boolean(),
  assetCode: z.string(),
  assetScale: z.number(),
  split: z.nullable(z.object({ startedAtMs: z.number(), parts: z.array(z.object({ pointer: z.string(), weight: z.number(), amount: units, elsewhere: z.nullable(elsewhereSchema) })) })),
})
export type Pointer = z.infer<typeof pointerSchema>

const pointersSchema = z.object({ person: personSchema, pointers: z.array(pointerSchema) })

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadPointers(): Promise<z.infer<typeof pointersSchema>> {
  return await callApi('/api/splits', { answer: pointersSchema })
}

export async function addPointer(path: string, publicName: string, assetCode: string): Promise<void> {
  await callApi('/api/addresses', { method: 'POST', body: { path, publicName, assetCode }, answer: anyAnswer })
}

/** No parts: the pointer keeps its income again. */
export async function changeSplit(id: string, parts: readonly { readonly pointer: string; readonly weight: number }[]): Promise<void> {
  await callApi(`/api/splits/${encodeURIComponent(id)}`, { method: 'PUT', body: { parts }, answer: anyAnswer })
}
