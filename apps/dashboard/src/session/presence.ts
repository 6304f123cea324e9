import * as z from 'zod/mini'
import { ApiFault, callApi } from '../api.ts'

let known = false

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
  known ||= (await callApi('/api/auth/get-session', { answer: z.nullable(z.unknown()) })) !== null
  return known
}

export function forgetPresence(): void {
  known = false
}
