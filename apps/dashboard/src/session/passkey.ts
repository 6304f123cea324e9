/** Signing in by passkey; loaded when there may be one. */
import { startAuthentication, WebAuthnAbortService, WebAuthnError } from '@simplewebauthn/browser'
import { anyAnswer, ApiFault, callApi } from '../api.ts'

/**
 * Asks for a passkey, and signs in with it. With `quietly` the browser offers it in the e-mail field, for as long as the page is open; false when that was given up.
 * Throws ApiFault; `passkey-dismissed` when its owner stopped it.
 */
export async function signInByPasskey({ quietly }: { readonly quietly: boolean }): Promise<boolean> {
  const optionsJSON = (await callApi('/api/auth/passkey/options', { method: 'POST', body: {}, answer: anyAnswer })) as Parameters<typeof startAuthentication>[0]['optionsJSON']
  let response: unknown
  try {
    response = await startAuthentication({ optionsJSON, useBrowserAutofill: quietly })
  } catch (error) {
    if (quietly || (error instanceof WebAuthnError && error.code === 'ERROR_CEREMONY_ABORTED')) return false
    throw new ApiFault('passkey-dismissed', String(error), { status: 0 })
  }
  await callApi('/api/auth/passkey/sign-in', { method: 'POST', body: { response }, answer: anyAnswer })
  return true
}

/** Gives up what waits in the e-mail field. */
export function stopPasskey(): void {
  WebAuthnAbortService.cancelCeremony()
}
