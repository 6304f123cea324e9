import * as z from 'zod/mini'
import { callApi } from '../api.ts'

let known = false

/**
 * Whether somebody is signed in. A visitor is found out by a question that may be answered with no: a refusal would stand in the browser's console as an error.
 * Who was found is believed until `forgetPresence`. Throws ApiFault.
 */
export async function isSomebodyHere(): Promise<boolean> {
  known ||= (await callApi('/api/auth/get-session', { answer: z.nullable(z.unknown()) })) !== null
  return known
}

export function forgetPresence(): void {
  known = false
}
