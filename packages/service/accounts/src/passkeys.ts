/** Passkeys: WebAuthn Level 3, section 7, by SimpleWebAuthn. Each is found by the authenticator itself and asks its owner for a finger, a face or a code: it stands for e-mail and password together. */
import { type Id, isId, newId } from '@rivulet/ids'
import type { Clock } from '@rivulet/time'
import type { AuthenticationResponseJSON, PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { z } from 'zod'
import type { PasskeyRow, SignInsStore } from './sign-ins-store.ts'
import { AccountsFault, type Person, type Role } from './types.ts'

/** Loaded when somebody comes with a passkey: commands and most starts need none of it. */
const webauthn = () => import('@simplewebauthn/server')

const passkeysMax = 20
const challengeMs = 300_000
const passkeyName = z.string().trim().min(1).max(100).regex(/^\P{Cc}*$/u, 'must not hold control characters')
const encoded = z.string().max(8_000)
/** What is read of it here; the rest is the library's to check. */
const anyResponse = z.looseObject({ id: z.string().min(1).max(1_500), rawId: encoded, type: z.literal('public-key'), response: z.looseObject({ clientDataJSON: encoded }), clientExtensionResults: z.looseObject({}) })
const clientData = z.object({ challenge: z.string().min(16).max(200) })

/** Where challenges wait for their one use. */
interface Challenges {
  keep(challenge: string, value: string, expiresAt: Date): Promise<void>
  /** What was kept, once, unless it has expired. */
  take(challenge: string): Promise<string | undefined>
}

export interface PasskeysOptions {
  readonly role: Role
  /** Of the entrance: passkeys belong to its host. */
  readonly origin: string
  readonly store: SignInsStore
  readonly clock: Clock
  readonly challenges: () => Promise<Challenges>
}

export interface PasskeyView {
  readonly id: Id<'pkey'>
  readonly name: string
  readonly createdAtMs: number
  readonly usedAtMs: number | null
  /** Kept by its provider on several devices. */
  readonly synced: boolean
}

/** The passkeys of one entrance. */
export class Passkeys {
  readonly #options: PasskeysOptions

  constructor(options: PasskeysOptions) {
    this.#options = options
  }

  async list(personId: Id<'pers'>): Promise<readonly PasskeyView[]> {
    return (await this.#options.store.passkeys(personId)).map(viewOf)
  }

  async registration(person: Person): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { generateRegistrationOptions } = await webauthn()
    const options = await generateRegistrationOptions({
      rpName: 'Rivulet',
      rpID: this.#rpId,
      userName: person.email,
      userDisplayName: person.name,
      // Opaque, and the same for all of a person: an authenticator keeps one for each.
      userID: new TextEncoder().encode(person.id),
      attestationType: 'none',
      excludeCredentials: (await this.#options.store.passkeys(person.id)).map(({ credential_id: id }) => ({ id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
    await this.#keep(options.challenge, person.id)
    return options
  }

  /** Throws `passkey-invalid`, `passkeys-too-many`, `passkey-taken`. */
  async register(person: Person, given: unknown, name: unknown): Promise<PasskeyView> {
    const { store, clock, origin } = this.#options
    const named = passkeyName.safeParse(name)
    if (!named.success) throw new AccountsFault('passkey-invalid', `name: ${named.error.issues[0]?.message ?? ''}`)
    const { response, challenge, keptFor } = await this.#read(given)
    if (keptFor !== person.id) throw invalid()
    const { verifyRegistrationResponse } = await webauthn()
    const { verified, registrationInfo } = await verifyRegistrationResponse({ response: response as unknown as RegistrationResponseJSON, expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: this.#rpId, requireUserVerification: true }).catch((cause: unknown) => {
      throw invalid(cause)
    })
    if (!verified) throw invalid()
    const { credential, credentialBackedUp } = registrationInfo
    const nowMs = clock.nowMs()
    const row: PasskeyRow = {
      id: newId('pkey', nowMs), person_id: person.id, credential_id: credential.id, public_key: Buffer.from(credential.publicKey), counter: BigInt(credential.counter), transports: (credential.transports ?? []).join(','),
      synced: credentialBackedUp, name: named.data, created_at: new Date(nowMs), used_at: null,
    }
    const result = await store.insertPasskey(row, passkeysMax)
    if (result === 'full') throw new AccountsFault('passkeys-too-many', `a person has at most ${passkeysMax} passkeys: remove one that is no longer used`)
    if (result === 'taken') throw new AccountsFault('passkey-taken', 'this passkey is registered already')
    return viewOf(row)
  }

  /** Names nobody: the authenticator knows whose passkeys it has. */
  async authentication(): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { generateAuthenticationOptions } = await webauthn()
    const options = await generateAuthenticationOptions({ rpID: this.#rpId, userVerification: 'required' })
    await this.#keep(options.challenge, 'sign-in')
    return options
  }

  /** Whose passkey has answered a challenge of this entrance. Throws `passkey-invalid`, whatever was wrong. */
  async authenticate(given: unknown): Promise<Id<'pers'>> {
    const { store, clock, role, origin } = this.#options
    const { response, challenge, keptFor } = await this.#read(given)
    const passkey = keptFor === 'sign-in' ? await store.passkeyByCredential(role, response.id) : undefined
    if (passkey === undefined) throw invalid()
    const { verifyAuthenticationResponse } = await webauthn()
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as unknown as AuthenticationResponseJSON, expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: this.#rpId, requireUserVerification: true,
      credential: { id: passkey.credential_id, publicKey: new Uint8Array(passkey.public_key), counter: Number(passkey.counter) },
    }).catch((cause: unknown) => {
      throw invalid(cause)
    })
    if (!verified) throw invalid()
    await store.passkeyUsed(passkey.id, BigInt(authenticationInfo.newCounter), new Date(clock.nowMs()))
    return passkey.person_id
  }

  /** Throws `passkey-invalid`, `passkey-unknown`. */
  async rename(personId: Id<'pers'>, id: string, name: unknown): Promise<void> {
    const named = passkeyName.safeParse(name)
    if (!named.success) throw new AccountsFault('passkey-invalid', `name: ${named.error.issues[0]?.message ?? ''}`)
    if (!isId('pkey', id) || !(await this.#options.store.renamePasskey(personId, id, named.data))) throw unknown()
  }

  /** Throws `passkey-unknown`. */
  async remove(personId: Id<'pers'>, id: string): Promise<void> {
    if (!isId('pkey', id) || !(await this.#options.store.deletePasskey(personId, id))) throw unknown()
  }

  get #rpId(): string {
    return new URL(this.#options.origin).hostname
  }

  async #keep(challenge: string, value: string): Promise<void> {
    await (await this.#options.challenges()).keep(challenge, value, new Date(this.#options.clock.nowMs() + challengeMs))
  }

  /** The challenge that was answered is used up, whatever becomes of the answer. */
  async #read(given: unknown): Promise<{ readonly response: z.output<typeof anyResponse>; readonly challenge: string; readonly keptFor: string }> {
    const response = anyResponse.safeParse(given)
    if (!response.success) throw invalid()
    const data = clientData.safeParse(jsonOf(response.data.response.clientDataJSON))
    const keptFor = data.success ? await (await this.#options.challenges()).take(data.data.challenge) : undefined
    if (!data.success || keptFor === undefined) throw invalid()
    return { response: response.data, challenge: data.data.challenge, keptFor }
  }
}

function jsonOf(base64url: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64url, 'base64url').toString()) as unknown
  } catch {
    return undefined
  }
}

function viewOf({ id, name, created_at, used_at, synced }: PasskeyRow): PasskeyView {
  return { id, name, createdAtMs: created_at.getTime(), usedAtMs: used_at?.getTime() ?? null, synced }
}

function invalid(cause?: unknown): AccountsFault {
  return new AccountsFault('passkey-invalid', 'this passkey does not open this door: try again, or sign in with your password', { cause })
}

function unknown(): AccountsFault {
  return new AccountsFault('passkey-unknown', 'you have no such passkey: it may have been removed already')
}
