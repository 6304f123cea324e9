import * as z from 'zod/mini'
import { anyAnswer, ApiFault, callApi } from '../api.ts'
import { forgetPresence } from './presence.ts'

export const personSchema = z.object({ name: z.string(), email: z.string() })

export interface Credentials {
  readonly email: string
  readonly password: string
}

/** The session is a cookie that no script can read; what counts is what the server says afterwards. Throws ApiFault. */
export async function signIn(credentials: Credentials): Promise<void> {
  await callApi('/api/auth/sign-in/email', { method: 'POST', body: credentials, answer: anyAnswer })
}

/**
 * Makes an account, and signs in where that needs no more. The server answers signing up the same whether the e-mail is known or not, so that nobody learns who has an account.
 * Where addresses are confirmed a mail says how to go on (`look-into-mail`); elsewhere a wrong password then means that it was known (`email-known`). The name starts as the address's
 * local part, so that signing up asks for no more than it needs. Throws ApiFault.
 */
export async function signUp(credentials: Credentials): Promise<'signed-in' | 'look-into-mail'> {
  const name = credentials.email.split('@')[0] ?? credentials.email
  const { confirms } = await callApi('/api/auth/ways', { answer: z.object({ confirms: z.boolean() }) })
  await callApi('/api/auth/sign-up/email', { method: 'POST', body: { ...credentials, name }, answer: anyAnswer })
  if (confirms) return 'look-into-mail'
  try {
    await signIn(credentials)
  } catch (error) {
    throw error instanceof ApiFault && error.code === 'invalid-email-or-password' ? new ApiFault('email-known', error.message, error) : error
  }
  return 'signed-in'
}

/** Has a link mailed that leads to a new password, if there is such an account. Throws ApiFault. */
export async function requestReset(email: string): Promise<void> {
  await callApi('/api/auth/request-password-reset', { method: 'POST', body: { email }, answer: anyAnswer })
}

/** @param token of the mailed link. Throws ApiFault. */
export async function resetPassword(token: string, newPassword: string): Promise<void> {
  await callApi('/api/auth/reset-password', { method: 'POST', body: { token, newPassword }, answer: anyAnswer })
}

/** @param token of the mailed link. Throws ApiFault. */
export async function confirmAddress(token: string): Promise<void> {
  await callApi(`/api/auth/verify-email?token=${encodeURIComponent(token)}`, { answer: anyAnswer })
}

export async function signOut(): Promise<void> {
  await callApi('/api/auth/sign-out', { method: 'POST', body: {}, answer: anyAnswer })
  forgetPresence()
}

/** Signs out and shows what that means; a server that cannot be reached leaves the session, and the page says so. */
export async function leave(reload: () => Promise<void>): Promise<void> {
  try {
    await signOut()
  } finally {
    await reload()
  }
}
