import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

const overviewSchema = z.object({
  person: personSchema,
  /** Result of the last check of the books; null before the first. */
  books: z.nullable(z.object({ ok: z.boolean(), checkedAgoMs: z.number(), problem: z.nullable(z.string()) })),
})

export interface Books {
  readonly ok: boolean
  /** In the browser's time. */
  readonly checkedAtMs: number
  readonly problem: string | undefined
}

export interface Overview {
  readonly person: z.infer<typeof personSchema>
  readonly books: Books | undefined
}

/** Throws ApiFault, status 401 when no operator is signed in. */
export async function loadOverview(): Promise<Overview> {
  const { person, books } = await callApi('/api/overview', { answer: overviewSchema })
  return { person, books: books === null ? undefined : { ok: books.ok, checkedAtMs: Date.now() - books.checkedAgoMs, problem: books.problem ?? undefined } }
}
