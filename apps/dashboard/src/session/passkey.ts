/** Signing in by passkey; loaded when there may be one. */
import { startAuthentication, WebAuthnAbortService } from '@simplewebauthn/browser'
import { anyAnswer, ApiFault, callApi } from '../api.ts'

/** The answer of a passkey to a challenge of the server, which says whose it is. Throws ApiFault; `passkey-dismissed` when its owner stopped it. */
export async function answerByPasskey(): Promise<unknown> {
  const optionsJSON = (await callApi('/api/auth/passkey/options', { method: 'POST', body: {}, answer: anyAnswer })) as Parameters<typeof startAuthentication>[0]['optionsJSON']
  try {
    return await startAuthentication({ optionsJSON })
  } catch (error) {
    throw new ApiFault('passkey-dismissed', String(error), { status: 0 })
  }
}

/**
 * Asks for a passkey, and signs in with it. With `until` the browser offers it in the e-mail field until that is aborted, and says false then.
 * Throws ApiFault; `passkey-dismissed` when its owner stopped it.
 */
export async function signInByPasskey(until?: AbortSignal): Promise<boolean> {
  const optionsJSON = (await callApi('/api/auth/passkey/options', { method: 'POST', body: {}, answer: anyAnswer })) as Parameters<typeof startAuthentication>[0]['optionsJSON']
  // Whoever pressed the button meanwhile is not disturbed: a browser asks for one passkey at a time.
  if (until?.aborted === true) return false
  until?.addEventListener('abort', () => WebAuthnAbortService.cancelCeremony())
  let response: unknown
  try {
    response = await startAuthentication({ optionsJSON, useBrowserAutofill: until !== undefined })
  } catch (error) {
    if (until !== undefined) return false
    throw new ApiFault('passkey-dismissed', String(error), { status: 0 })
  }
  await callApi('/api/auth/passkey/sign-in', { method: 'POST', body: { response }, answer: anyAnswer })
  return true
}
