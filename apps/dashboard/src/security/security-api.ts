import * as z from 'zod/mini'
import { startRegistration, WebAuthnError } from '@simplewebauthn/browser'
import { anyAnswer, ApiFault, callApi } from '../api.ts'
import { personSchema } from '../session/session.ts'

const passkeySchema = z.object({ id: z.string(), name: z.string(), createdAtMs: z.number(), usedAtMs: z.nullable(z.number()), synced: z.boolean() })
export type Passkey = z.infer<typeof passkeySchema>

const signInSchema = z.object({ id: z.string(), address: z.string(), userAgent: z.string(), sinceMs: z.number(), seenMs: z.number(), current: z.boolean() })
export type SignIn = z.infer<typeof signInSchema>

const securitySchema = z.object({ person: personSchema, writes: z.boolean(), signIns: z.array(signInSchema), passkeys: z.array(passkeySchema) })
export type Security = z.infer<typeof securitySchema>

/** Throws ApiFault, status 401 when nobody is signed in. */
export async function loadSecurity(): Promise<Security> {
  return await callApi('/api/sign-ins', { answer: securitySchema })
}

export async function endSignIn(id: string): Promise<void> {
  await callApi(`/api/sign-ins/${encodeURIComponent(id)}`, { method: 'DELETE', answer: anyAnswer })
}

/** How many ended. */
export async function endOtherSignIns(): Promise<number> {
  return (await callApi('/api/sign-ins', { method: 'DELETE', answer: z.object({ ended: z.number() }) })).ended
}

/** Has the device make a passkey. Throws ApiFault; `passkey-dismissed` when its owner stopped it, `passkey-taken` when the device has one of this account. */
export async function addPasskey(name: string): Promise<void> {
  const optionsJSON = (await callApi('/api/passkeys/options', { method: 'POST', body: {}, answer: anyAnswer })) as Parameters<typeof startRegistration>[0]['optionsJSON']
  let response: unknown
  try {
    response = await startRegistration({ optionsJSON })
  } catch (error) {
    const taken = error instanceof WebAuthnError && error.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED'
    throw new ApiFault(taken ? 'passkey-taken' : 'passkey-dismissed', String(error), { status: 0 })
  }
  await callApi('/api/passkeys', { method: 'POST', body: { response, name }, answer: anyAnswer })
}

export async function renamePasskey(id: string, name: string): Promise<void> {
  await callApi(`/api/passkeys/${encodeURIComponent(id)}`, { method: 'PATCH', body: { name }, answer: anyAnswer })
}

export async function removePasskey(id: string): Promise<void> {
  await callApi(`/api/passkeys/${encodeURIComponent(id)}`, { method: 'DELETE', answer: anyAnswer })
}

/** All other sign-ins end. */
export async function changePassword(currentPassword: string, newPassword: string): Promise<void> {
  await callApi('/api/auth/change-password', { method: 'POST', body: { currentPassword, newPassword, revokeOtherSessions: true }, answer: anyAnswer })
}

/** A mail to the new address decides; the answer is the same whether somebody has it. */
export async function changeEmail(newEmail: string): Promise<void> {
  await callApi('/api/auth/change-email', { method: 'POST', body: { newEmail }, answer: anyAnswer })
}
