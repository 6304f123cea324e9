import * as z from 'zod/mini'
import { ApiFault, callApi } from '../api.ts'

let known = false
/** Of who is signed in; only operators may be held to looking. */
let mayChange = true
const followers = new Set<() => void>()
const sessionSchema = z.nullable(z.object({ user: z.object({ readOnly: z.optional(z.nullable(z.boolean())) }) }))

/**
 * Loads what only who is signed in may see. A visitor is found out by a question that may be answered with no: a refusal would stand in the browser's console as an error. Who was
 * found is believed until a refusal, or `forgetPresence`. Throws ApiFault, `signed-out` with status 401 for a visitor.
 */
export async function loadSignedIn<T>(load: () => Promise<T>): Promise<T> {
  if (!(await isSomebodyHere())) throw new ApiFault('signed-out', 'nobody is signed in', { status: 401 })
  try {
    return await load()
  } catch (error) {
    if (error instanceof ApiFault && error.status === 401) forgetPresence()
    throw error
  }
}

async function isSomebodyHere(): Promise<boolean> {
  if (known) return true
  const session = await callApi('/api/auth/get-session', { answer: sessionSchema })
  known = session !== null
  mayChange = session?.user.readOnly !== true
  for (const follow of followers) follow()
  return known
}

/** Calls `follow` when it may be another who is signed in, until what is returned is called. */
export function followPresence(follow: () => void): () => void {
  followers.add(follow)
  return () => void followers.delete(follow)
}

export function maySomebodyChange(): boolean {
  return mayChange
}

export function forgetPresence(): void {
  known = false
}
